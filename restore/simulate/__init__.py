"""Damage good photos in known ways, so that a restoration can be measured against the truth.

    from restore.simulate import photos, light, fade
    for name, photo in photos("folder", 200):
        shot = light(photo, "red left + blue right", seed=1)   # .camera, .srgb, .lights, .clipped
        scan = fade(photo, "dark cyan loss", seed=1)           # .srgb, .loss, .stain, .exposure

`light.py` has the stage lights, `spectra.py` other lamps, surfaces and cameras than the constants
that the estimators use, `fading.py` the dyes, `dyes.py` their spectra, `scratching.py` scratches,
dust, creases and fibres; `wear.py`, `details.py` and `worn.py` what a detector of damage learns
from. Everything is seeded: the same call, the same pixels.
"""

from restore.simulate.dyes import fade_spectra
from restore.simulate.fading import KINDS, MILD, STRONG, Faded, fade
from restore.simulate.folder import photos
from restore.simulate.light import SCENES, Lit, light
from restore.simulate.scratching import Scratched, crease, scratch
from restore.simulate.thin_objects import thin_object

__all__ = [
    "KINDS",
    "MILD",
    "SCENES",
    "STRONG",
    "Faded",
    "Lit",
    "Scratched",
    "crease",
    "fade",
    "fade_spectra",
    "light",
    "photos",
    "scratch",
    "thin_object",
]
