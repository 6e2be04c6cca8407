-- What the Lua scripts of Resolve's menu share: they ask Resolve, and the `faceplate` command does
-- all arithmetic and all speaking with the engine. `written.py` specifies the files between them.
--
-- Rules of this file:
--   - Lua 5.1, nothing beyond its own libraries; Python is not there when this runs.
--   - Nothing that only Studio has is called. Versions tell what there is: every name answers.
--   - What Resolve returns is not believed: what was placed is asked anew, and again after saving.

local BIN, TRACK = "Faceplate", "Faceplate"
local PLAYHEAD_TRIES = 24 -- a quarter of a second each
local WINDOWS = package.config:sub(1, 1) == "\\"
local M = {}

local function say(text) print("Faceplate: " .. text) end

local function pause()
  if bmd and bmd.wait then return bmd.wait(0.25) end
  os.execute(WINDOWS and "ping -n 2 127.0.0.1 > nul" or "sleep 0.25")
end

local function there(list)
  local found = {}
  for index = 1, list and #list or 0 do
    local item = list[index]
    if item and (item:GetUniqueId() or "") ~= "" then found[#found + 1] = item end
  end
  return found
end

-- the command ------------------------------------------------------------------------------------

local function temporary()
  if not WINDOWS then return os.tmpname() end
  return (os.getenv("TEMP") or ".") .. "\\faceplate-" .. os.time() .. os.clock() * 1000
end

local function quoted(text)
  if WINDOWS then return '"' .. text .. '"' end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function lines_of(path) -- of a file that need not be there
  local file = io.open(path)
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return text:gmatch("([^\n]*)\n")
end

local function run(engine, words)
  local log = temporary()
  -- What is set for a Python of Resolve's must not reach the engine's.
  local line = "env -u PYTHONHOME -u PYTHONPATH " .. engine
  if WINDOWS then line = 'set "PYTHONHOME=" & set "PYTHONPATH=" & ' .. quoted(engine) end
  line = line .. " " .. words .. " > " .. quoted(log) .. " 2>&1"
  local code = os.execute(WINDOWS and '"' .. line .. '"' or line)
  for text in lines_of(log) do say(text) end
  os.remove(log)
  return code == 0 or code == true
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function json(value)
  if type(value) == "number" then return string.format("%.14g", value) end
  if type(value) ~= "table" then
    local text = tostring(value):gsub('[%c"\\]', function(character)
      return ESCAPES[character] or string.format("\\u%04x", character:byte())
    end)
    return '"' .. text .. '"'
  end
  local parts = {}
  if value[1] ~= nil then
    for _, each in ipairs(value) do parts[#parts + 1] = json(each) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, each in pairs(value) do parts[#parts + 1] = json(key) .. ":" .. json(each) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function lines_in(path)
  local results, now = {}, nil
  for line in lines_of(path) do
    local key, value = line:match("^([^\t]+)\t(.*)$")
    if key then
      now = now or {}
      now[key] = value:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
    elseif now then
      results[#results + 1], now = now, nil
    end
  end
  if now then results[#results + 1] = now end
  return results
end

-- asking -----------------------------------------------------------------------------------------

local function opened(resolve)
  local product, version = resolve:GetProductName(), resolve:GetVersion()
  if not product or not version or not version[1] then
    return nil, "Resolve does not answer: a window of its own may wait for a click"
  end
  local manager = resolve:GetProjectManager()
  local project = manager and manager:GetCurrentProject()
  local timeline = project and project:GetCurrentTimeline()
  if not timeline then return nil, "Resolve has no timeline open; open one" end
  local numbers = {}
  for index = 1, 3 do numbers[index] = tonumber(version[index]) or 0 end
  local at = { resolve = resolve, manager = manager, project = project, timeline = timeline }
  at.version, at.pool = numbers, project:GetMediaPool()
  at.name = product .. " " .. table.concat(numbers, ".")
  return at
end

local function since(at, ...)
  for index, wanted in ipairs({ ... }) do
    if at.version[index] ~= wanted then return at.version[index] > wanted end
  end
  return true
end

local function video_items(timeline)
  local found = {}
  for track = 1, timeline:GetTrackCount("video") or 0 do
    for _, item in ipairs(there(timeline:GetItemListInTrack("video", track))) do
      found[#found + 1] = { item = item, track = track }
    end
  end
  return found
end

local function under_playhead(at)
  for _ = 1, #video_items(at.timeline) > 0 and PLAYHEAD_TRIES or 0 do
    local item = at.timeline:GetCurrentVideoItem()
    if item then return { item } end
    pause()
  end
  return {}
end

local function path_of(media) return media and media:GetClipProperty("File Path") or "" end

local function is_ours(path) -- the take that it is of lies beside it
  local folder, stem = path:match("^(.*[/\\])(.-)_restored%.[^/\\]*$")
  if not folder then return false end
  folder = folder:match("^(.*[/\\])laid_out[/\\][^/\\]+[/\\]$") or folder
  local file = io.open(folder .. stem .. ".take/manifest.json")
  if file then file:close() end
  return file ~= nil
end

local function original(each, everything)
  local function ours(item) return is_ours(path_of(item:GetMediaPoolItem())) end
  if (each.item:GetTakesCount() or 0) > 0 or not ours(each.item) then return each end
  local below = each -- we put it on a track, over what it was made from
  for _, other in ipairs(everything) do
    local plain = (other.item:GetTakesCount() or 0) > 0 or not ours(other.item)
    if other.track < each.track and other.item:GetStart() == each.item:GetStart() and plain then
      below = other
    end
  end
  return below
end

local function wanted(at, everything, choices)
  local way, found = choices.clips, {}
  local function also(name, set) return way == name or (way == "auto" and #found == 0 and set) end
  if (way == "auto" or way == "selected") and since(at, 21, 0, 4) then
    found = there(at.timeline:GetSelectedClips())
  end
  if also("playhead", true) then found = under_playhead(at) end
  if also("colour", choices.colour ~= "") then
    for _, each in ipairs(everything) do
      if each.item:GetClipColor() == choices.colour then found[#found + 1] = each.item end
    end
  end
  if also("track", choices.track ~= "0") then
    for _, each in ipairs(everything) do
      if each.track == tonumber(choices.track) then found[#found + 1] = each.item end
    end
  end
  return found
end

local function chosen(at, choices)
  local ids, found, everything = {}, {}, video_items(at.timeline)
  for _, item in ipairs(wanted(at, everything, choices)) do ids[item:GetUniqueId()] = true end
  for _, each in ipairs(everything) do
    if ids[each.item:GetUniqueId()] then
      local it = original(each, everything)
      local id = it.item:GetUniqueId()
      if ids[id] ~= "taken" then found[#found + 1] = it end
      ids[id] = "taken"
    end
  end
  return found
end

local function facts(at, item, track)
  local media = item:GetMediaPoolItem()
  local function property(name) return media and media:GetClipProperty(name) or "" end
  local left, right = item:GetLeftOffset(true) or 0, item:GetRightOffset(true) or 0
  local span = "" -- how long all of the media would last; whole offsets may have been rounded
  if right > 0 and (left % 1 ~= 0 or right % 1 ~= 0) then
    span = string.format("%.3f", left + item:GetDuration() + right)
  end
  return {
    span = span,
    name = item:GetName() or "", item = item:GetUniqueId(), track = track, path = path_of(media),
    fps = property("FPS"), frames = tonumber(property("Frames")) or 0,
    first = tonumber(property("Start")) or 0, timecode = property("Start TC"),
    size = property("Resolution"), timeline_fps = at.timeline:GetSetting("timelineFrameRate"),
    start = item:GetStart() or 0, duration = item:GetDuration() or 0,
    left = item:GetLeftOffset() or 0, right = item:GetRightOffset() or 0,
    source_start = item:GetSourceStartFrame() or -1, source_end = item:GetSourceEndFrame() or -1,
    project = at.project:GetUniqueId(), timeline = at.timeline:GetUniqueId(),
  }
end

local function submit(resolve, engine, playhead, word)
  local at, wrong = opened(resolve)
  if not at then return say(wrong) end
  local choices = { clips = "playhead" }
  if not playhead then
    local path = temporary()
    run(engine, "resolve choices --file " .. quoted(path))
    choices = lines_in(path)[1]
    os.remove(path)
    if not choices then return end -- the command said why
  end
  local selection = { host = at.name, clips = {} }
  for _, each in ipairs(chosen(at, choices)) do
    local item, shown = each.item, each.item:GetSelectedTakeIndex() or 0
    local take = shown > 1 and is_ours(path_of(item:GetMediaPoolItem()))
    if take then item:SelectTakeByIndex(1) end -- the clip itself, while it is asked
    selection.clips[#selection.clips + 1] = facts(at, item, each.track)
    if take then item:SelectTakeByIndex(shown) end
  end
  if #selection.clips == 0 then return say("no clip is chosen: put the playhead on one") end
  if playhead then selection.timecode = at.timeline:GetCurrentTimecode() or "" end
  local path = temporary()
  write(path, json(selection))
  run(engine, "resolve " .. (word or "submit") .. " --file " .. quoted(path))
  os.remove(path)
end

-- placing ----------------------------------------------------------------------------------------

local function found(at, result)
  for index = 1, at.project:GetTimelineCount() or 0 do
    local timeline = at.project:GetTimelineByIndex(index)
    if timeline and timeline:GetUniqueId() == result.timeline then
      for _, each in ipairs(video_items(timeline)) do
        if each.item:GetUniqueId() == result.item then
          if each.item:GetDuration() ~= tonumber(result.duration) then
            return nil, "its clip is another length now"
          end
          each.timeline, each.start = timeline, each.item:GetStart()
          return each
        end
      end
    end
  end
  return nil, "its clip is not on its timeline any more"
end

local function is_one_of(result, path)
  return path ~= "" and (path == result.path1 or path == result.path2)
end

local function lies(clip, result)
  for index = 1, clip.item:GetTakesCount() or 0 do
    local take = clip.item:GetTakeByIndex(index)
    if take and is_one_of(result, path_of(take.mediaPoolItem)) then return true end
  end
  for _, each in ipairs(video_items(clip.timeline)) do
    local other = each.item:GetUniqueId() ~= result.item and each.item:GetStart() == clip.start
    if other and is_one_of(result, path_of(each.item:GetMediaPoolItem())) then return true end
  end
  return false
end

local function in_bin(at, result, number, like)
  local before, root, folder = at.pool:GetCurrentFolder(), at.pool:GetRootFolder(), nil
  for _, each in ipairs(there(root:GetSubFolderList())) do
    if each:GetName() == BIN then folder = each end
  end
  folder = folder or at.pool:AddSubFolder(root, BIN)
  if folder then at.pool:SetCurrentFolder(folder) end
  local now, media = at.pool:GetCurrentFolder(), nil
  if not folder or not now or now:GetUniqueId() ~= folder:GetUniqueId() then
    if before then at.pool:SetCurrentFolder(before) end
    return nil, "Resolve does not open the bin " .. BIN
  end
  for _, each in ipairs(there(folder:GetClipList())) do
    if path_of(each) == result["path" .. number] then media = each end
  end
  if not media then
    media = there(at.pool:ImportMedia({ {
      FilePath = result["pattern" .. number],
      StartIndex = tonumber(result["first" .. number]),
      EndIndex = tonumber(result["last" .. number]),
    } }))[1]
  end
  at.pool:SetCurrentFolder(before)
  if not media then return nil, "Resolve does not import it" end
  local count = tonumber(result["last" .. number]) - tonumber(result["first" .. number]) + 1
  local said = tonumber(media:GetClipProperty("Frames"))
  if said and said ~= count then return nil, "Resolve imports " .. said .. " of its frames" end
  local fps = tonumber((result["fps" .. number]:match("[%d.]+")))
  media:SetClipProperty("FPS", result["fps" .. number])
  if tonumber((tostring(media:GetClipProperty("FPS")):match("[%d.]+"))) ~= fps then
    return nil, "Resolve does not take its frame rate"
  end
  if result["timecode" .. number] ~= "" then
    media:SetClipProperty("Start TC", result["timecode" .. number])
  end
  for _, name in ipairs({ "IDT", "Input Color Space" }) do
    local value = like and like:GetClipProperty(name) or ""
    if value ~= "" then media:SetClipProperty(name, value) end
  end
  return media, count
end

local function differs(clip, item, media, result, count)
  local shown = item:GetMediaPoolItem()
  if not shown or shown:GetUniqueId() ~= media:GetUniqueId() then return "it shows other media" end
  if item:GetStart() ~= clip.start or item:GetDuration() ~= tonumber(result.duration) then
    return "it would be another length"
  end
  local first, last = item:GetSourceStartFrame() or 0, item:GetSourceEndFrame() or 0
  if (first ~= 0 or last ~= 0) and math.abs(last - first - count) > 1 then
    return "it shows " .. last - first .. " of " .. count .. " frames"
  end
  if (item:GetLeftOffset() or 0) ~= 0 then return "it leaves out its first frames" end
end

local function as_take(_, clip, media, result, count)
  local item = clip.item
  local before, selected = item:GetTakesCount() or 0, item:GetSelectedTakeIndex() or 0
  item:AddTake(media)
  local index = item:GetTakesCount() or 0
  if index <= before then return "Resolve adds no take; is the track locked?" end
  item:SelectTakeByIndex(index)
  local wrong = differs(clip, item, media, result, count)
  if item:GetSelectedTakeIndex() ~= index then
    wrong = wrong or "Resolve does not select the take"
  end
  if wrong then
    item:SelectTakeByIndex(math.max(selected, 1))
    item:DeleteTakeByIndex(index)
    if item:GetStart() ~= clip.start or item:GetDuration() ~= tonumber(result.duration) then
      wrong = wrong .. ", and the clip is not as it was: undo once in Resolve"
    end
  end
  return wrong
end

local function free_track(clip, result)
  local timeline, finish = clip.timeline, clip.start + tonumber(result.duration)
  local count = timeline:GetTrackCount("video") or 0
  for track = clip.track + 1, count do
    local free = timeline:GetTrackName("video", track) == TRACK
      and not timeline:GetIsTrackLocked("video", track)
    for _, item in ipairs(free and there(timeline:GetItemListInTrack("video", track)) or {}) do
      if item:GetStart() < finish and item:GetStart() + item:GetDuration() > clip.start then
        free = false
      end
    end
    if free then return track, false end
  end
  timeline:AddTrack("video")
  if timeline:GetTrackCount("video") ~= count + 1 then return nil end
  timeline:SetTrackName("video", count + 1, TRACK)
  return count + 1, true
end

local function appended(at, clip, result, info, count)
  local before, new = {}, {}
  for _, each in ipairs(video_items(clip.timeline)) do before[each.item:GetUniqueId()] = true end
  at.pool:AppendToTimeline({ info })
  for _, each in ipairs(video_items(clip.timeline)) do
    if not before[each.item:GetUniqueId()] then new[#new + 1] = each end
  end
  if #new == 0 then return "nothing is on the track" end
  local wrong = "it is on video track " .. new[1].track
  if #new == 1 and new[1].track == info.trackIndex then
    wrong = differs(clip, new[1].item, info.mediaPoolItem, result, count)
  end
  if wrong then
    at.resolve:OpenPage("edit") -- elsewhere nothing can be deleted
    local items = {}
    for _, each in ipairs(new) do items[#items + 1] = each.item end
    clip.timeline:DeleteClips(items, false)
  end
  return wrong
end

local function on_track(at, clip, media, result, count)
  local track, added = free_track(clip, result)
  if not track then return "Resolve adds no track" end
  local zero, wrong = tonumber(media:GetClipProperty("Start")) or 0, nil
  for _, first in ipairs({ false, zero, 0 }) do -- what it counts from, no source says
    wrong = appended(at, clip, result, {
      mediaPoolItem = media, trackIndex = track, recordFrame = clip.start, mediaType = 1,
      startFrame = first or nil, endFrame = first and first + count or nil,
    }, count)
    if not wrong then return nil end
  end
  if added then clip.timeline:DeleteTrack("video", track) end
  return wrong
end

local function mark(clip, result)
  clip.item:DeleteMarkerByCustomData(result.job) -- of a former time
  for _, first in ipairs({ tonumber(result.left), 0 }) do
    for frame = first, first + 25 do
      if clip.item:AddMarker(frame, result.colour, BIN, result.note, 1, result.job) then return end
    end
  end
end

local function place(at, result)
  local clip, wrong
  if result.place ~= "bin" then clip, wrong = found(at, result) end
  if not clip then
    local media, why = in_bin(at, result, 1)
    if not media then return why end
    return nil, say(result.name .. ": in the bin " .. BIN .. (wrong and ", since " .. wrong or ""))
  end
  if lies(clip, result) then return nil end
  at.project:SetCurrentTimeline(clip.timeline)
  local put = result.place == "take" and as_take or on_track
  for number = 1, 2 do
    if result["pattern" .. number] then
      local media, count = in_bin(at, result, number, clip.item:GetMediaPoolItem())
      wrong = media and put(at, clip, media, result, count) or not media and count or nil
      if not wrong then break end
    end
  end
  if wrong then return wrong end
  mark(clip, result)
  if at.project:GetName() ~= "Untitled Project" then at.manager:SaveProject() end
  local again = found(at, result)
  if not again or not lies(again, result) then
    clip.item:DeleteMarkerByCustomData(result.job)
    return "Resolve dropped it when it saved"
  end
end

-- what the menu's scripts call -------------------------------------------------------------------

function M.restore(resolve, engine) submit(resolve, engine, false) end

function M.farm(resolve, engine) submit(resolve, engine, false, "bundle") end

function M.preview(resolve, engine) submit(resolve, engine, true) end

function M.collect(resolve, engine)
  local at, wrong = opened(resolve)
  if not at then return say(wrong) end
  local path, folder = temporary(), at.pool:GetCurrentFolder()
  local id = at.project:GetUniqueId()
  local planned = run(engine, "resolve plan --project " .. quoted(id) .. " --file " .. quoted(path))
  at.page = resolve:GetCurrentPage()
  local outcome, results = {}, lines_in(path)
  for _, result in ipairs(results) do
    local done, wrong = pcall(place, at, result) -- whatever happens, all is as it was afterwards
    wrong = wrong and tostring(wrong):gsub("%s+", " ") or ""
    outcome[#outcome + 1] = result.job .. "\t" .. (done and wrong or "Resolve fails: " .. wrong)
  end
  at.project:SetCurrentTimeline(at.timeline)
  if folder then at.pool:SetCurrentFolder(folder) end
  if at.page and resolve:GetCurrentPage() ~= at.page then resolve:OpenPage(at.page) end
  if #outcome > 0 then
    write(path, table.concat(outcome, "\n") .. "\n")
    run(engine, "resolve placed --file " .. quoted(path))
  elseif planned then
    say("nothing is to be placed in this project")
  end
  os.remove(path)
end

function M.status(_, engine) run(engine, "status") end

return M
