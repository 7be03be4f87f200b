#!/bin/sh
# Put this into ~/.local/share/nautilus/scripts under the name the menu should show, such as
# "Restore faded prints", and make it executable. It needs beside.sh as ~/.local/bin/restore-beside.
recipe=faded-print
printf '%s' "$NAUTILUS_SCRIPT_SELECTED_FILE_PATHS" | while IFS= read -r photo || [ -n "$photo" ]; do
    [ -z "$photo" ] || "$HOME/.local/bin/restore-beside" "$recipe" "$photo"
done
