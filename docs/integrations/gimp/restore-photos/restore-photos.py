#!/usr/bin/env python3
"""GIMP 3: the picture restored, as a new layer.

Put the folder restore-photos into GIMP's folder of plug-ins (Edit > Preferences > Folders) and make
this file executable. The command is Filters > Enhance > Restore.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, Gio, GLib, GObject  # noqa: E402

NAME = "python-fu-restore-photos"
RECIPES = {
    "faded-print": "Faded colour print",
    "faded-slide": "Faded slide",
    "led-concert": "Single-colour stage light",
    "old-photo": "Old black-and-white print",
    "colorize": "Black and white to colour",
    "monochrome": "The best black and white",
}


def restored(image: Gimp.Image, recipe: str, folder: Path) -> Gimp.Layer:
    """The visible picture after a recipe, as a layer that is not in the image yet."""
    picture = str(folder / "picture.tif")
    flat = image.duplicate()
    flat.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, flat, Gio.File.new_for_path(picture), None)
    flat.delete()
    out = folder / "restored"
    command = ["restore", "run", recipe, picture, "-o", str(out), "-q"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    result = Gio.File.new_for_path(str(out / "picture.tif"))
    return Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, result)


def run(procedure, run_mode, image, drawables, config, data):
    """Ask for the recipe, restore, and add the layer as one step of undo."""
    if run_mode == Gimp.RunMode.INTERACTIVE:
        GimpUi.init(NAME)
        dialog = GimpUi.ProcedureDialog.new(procedure, config, "Restore")
        dialog.fill(None)
        agreed = dialog.run()
        dialog.destroy()
        if not agreed:
            return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    recipe = config.get_property("recipe")
    image.undo_group_start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            layer = restored(image, recipe, Path(folder))
        layer.set_name(f"restored: {RECIPES[recipe]}")
        image.insert_layer(layer, None, 0)
    except (OSError, subprocess.CalledProcessError) as error:
        message = getattr(error, "stderr", None) or str(error)
        failed = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, failed)
    finally:
        image.undo_group_end()
    Gimp.displays_flush()
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


class RestorePhotos(Gimp.PlugIn):
    """The plug-in."""

    def do_query_procedures(self):
        """Names of what it offers."""
        return [NAME]

    def do_set_i18n(self, name):
        """It is in English."""
        return False

    def do_create_procedure(self, name):
        """Restore, under Filters > Enhance."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_menu_label("_Restore...")
        procedure.add_menu_path("<Image>/Filters/Enhance")
        procedure.set_documentation("Restore the picture with a recipe", "As a new layer", name)
        procedure.set_attribution("The restore developers", "BSD-2-Clause", "2026")
        choice = Gimp.Choice.new()
        for number, (recipe, title) in enumerate(RECIPES.items()):
            choice.add(recipe, number, title, "")
        procedure.add_choice_argument(
            "recipe",
            "_Recipe",
            "What is wrong with the photo",
            choice,
            "faded-print",
            GObject.ParamFlags.READWRITE,
        )
        return procedure


Gimp.main(RestorePhotos.__gtype__, sys.argv)
