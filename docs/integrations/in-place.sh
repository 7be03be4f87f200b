#!/bin/sh
# Restore files in place, for programs that hand a copy to an external editor and read it back.
#
#     in-place.sh RECIPE FILE...
#
# A file is replaced by its result in one move, once that is complete; if anything fails it stays as
# it was. Give it copies: an original would be gone.
set -eu
recipe=$1
shift
for photo; do
    folder=$(mktemp -d "$(dirname "$photo")/.restore-XXXXXX") # beside it, so that a move is atomic
    trap 'rm -rf "$folder"' EXIT
    restore run "$recipe" "$photo" -o "$folder" -q > /dev/null
    mv -f "$folder/$(basename "$photo")" "$photo"
    rm -rf "$folder"
done
