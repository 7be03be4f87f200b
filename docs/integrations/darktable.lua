--[[
Restores what darktable exports, and imports the results beside their originals, grouped with them.

Put this into ~/.config/darktable/lua/ as restore.lua, and add to ~/.config/darktable/luarc:

    require "restore"

Then choose "restore" as the target storage in the export module. Export TIFF with 16 bits.
]]

local dt = require "darktable"

local RECIPES = { "faded-print", "faded-slide", "led-concert", "old-photo", "colorize", "monochrome" }

local recipe = dt.new_widget("combobox") {
  label = "recipe",
  tooltip = "what is wrong with the photos",
  table.unpack(RECIPES),
}

-- a word for a POSIX shell, whatever it contains
local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function store(storage, image, format, filename, number, total, high_quality, extra_data)
  local folder = image.path .. "/restored"
  local command = "restore run " .. recipe.value .. " " .. quoted(filename) .. " -o " .. quoted(folder) .. " -q"
  dt.print(string.format("restoring %d of %d", number, total))
  if dt.control.execute(command) ~= 0 then
    dt.print("restore could not restore " .. image.filename)
    return
  end
  local result = dt.database.import(folder .. "/" .. filename:match("[^/]*$"))
  if result then
    result:group_with(image.group_leader)
  end
end

dt.register_storage("restore", "restore", store, nil, function(storage, format)
  return format.extension == "tif" or format.extension == "jpg" or format.extension == "png"
end, nil, recipe)
