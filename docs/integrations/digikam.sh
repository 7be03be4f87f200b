#!/bin/sh
# For the tool "Custom Script" of digiKam's Batch Queue Manager: paste this, and set the recipe.
# digiKam sets INPUT and OUTPUT, and ends scripts that take longer than a minute.
set -eu
recipe=faded-print
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
restore run "$recipe" "$INPUT" -o "$folder" --format "${OUTPUT##*.}" -q > /dev/null
mv -f "$folder"/* "$OUTPUT"
