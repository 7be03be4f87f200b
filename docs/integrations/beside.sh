#!/bin/sh
# Restore photos into the folder "restored" beside each, for menus of file managers.
#
#     restore-beside RECIPE FILE...
recipe=$1
shift
for photo; do
    if ! message=$(restore run "$recipe" "$photo" -o "$(dirname "$photo")/restored" -q 2>&1); then
        notify-send -a restore "restore" "$message" || printf '%s\n' "$message" >&2
    fi
done
