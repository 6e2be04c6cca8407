-- Faceplate: write jobs of the chosen clips for the studio's farm.

-- `faceplate install resolve` writes here where plugin_host and the program `faceplate` lie.
local FOLDER = ""
local ENGINE = ""

local found, faceplate = pcall(dofile, FOLDER .. "/plugin_host/hosts/resolve/faceplate.lua")
if found then
  faceplate.farm(resolve or Resolve(), ENGINE)
else
  print("Faceplate is not installed for Resolve (" .. tostring(faceplate) .. ")." ..
    " Run: faceplate install resolve")
end
