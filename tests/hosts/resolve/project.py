"""Projects: their settings, timelines and renders, and the manager that saves them."""

from . import language, placing
from .api import Proxy, api
from .failures import Hang
from .render_queue import FORMATS, codecs


def shown_settings(kit, settings):
    """Return settings as the API shows them."""
    rate = settings["timelineFrameRate"]
    number = rate.split()[0]
    shown = dict(settings, timelineDropFrameTimecode=str(int("DF" in rate)))
    if kit.lies.rate_as_number:
        shown["timelineFrameRate"] = float(number)
    elif not kit.lies.drop_frame_in_rate:
        shown["timelineFrameRate"] = number
    return shown


class ProjectManager(Proxy):
    """The project manager."""

    @api()
    def GetCurrentProject(self):
        return self._kit.wrap(self._kit.project)

    @api()
    def SaveProject(self):
        if self._kit.project.name == "Untitled Project":
            if self._kit.headless:
                raise Hang("SaveProject of an untitled project never returns without a window")
            return False
        placing.save(self._kit.project)
        return True

    @api()
    def GetCurrentDatabase(self):
        return {"DbType": "Disk", "DbName": "Local Database"}

    @api()
    def GetProjectListInCurrentFolder(self):
        return [self._kit.project.name]

    @api()
    def GetCurrentFolder(self):
        return ""


class WithRenders(Proxy):
    """The render page of a project."""

    @property
    def _queue(self):
        return self._kit.queue

    @api()
    def GetRenderFormats(self):
        return dict(FORMATS)

    @api()
    def GetRenderCodecs(self, renderFormat):
        works = self._kit.lies.format_description == "works"
        name = FORMATS.get(renderFormat, renderFormat) if works else renderFormat
        return codecs(self._kit.version, name)

    @api()
    def GetCurrentRenderFormatAndCodec(self):
        return {name: self._queue.settings[name] for name in ("format", "codec")}

    @api()
    def SetCurrentRenderFormatAndCodec(self, format, codec):
        return self._queue.select(format, codec)

    @api()
    def GetCurrentRenderMode(self):
        return self._queue.settings["mode"]

    @api()
    def SetCurrentRenderMode(self, renderMode):
        if renderMode not in (0, 1):
            return False
        self._queue.settings["mode"] = renderMode
        return True

    @api()
    def GetRenderPresetList(self):
        names = sorted(self._queue.presets)
        if self._kit.lies.presets_as_records:
            return [{"RenderPresetName": name} for name in names]
        return names

    @api()
    def LoadRenderPreset(self, presetName):
        return self._queue.load(presetName)

    @api()
    def SaveAsNewRenderPreset(self, presetName):
        queue = self._queue
        if presetName in queue.presets:
            return False
        queue.user_presets[presetName] = dict(queue.settings)
        return True

    @api(since=(19, 1))
    def DeleteRenderPreset(self, presetName):
        return self._queue.user_presets.pop(presetName, None) is not None

    @api()
    def SetRenderSettings(self, settings):
        return self._queue.set(settings)

    @api()
    def AddRenderJob(self):
        job = self._queue.add(self._kit.project.timeline)
        return job.id if job else ""

    @api()
    def DeleteRenderJob(self, jobId):
        job = self._queue.find(jobId, "DeleteRenderJob")
        if job is None:
            return False
        self._queue.jobs.remove(job)
        return True

    @api()
    def DeleteAllRenderJobs(self):
        for job in list(self._queue.jobs):
            self._queue.jobs.remove(self._queue.find(job.id, "DeleteAllRenderJobs") or job)
        return True

    @api()
    def GetRenderJobList(self):
        if self._queue.blind:
            self._queue.blind -= 1
            return []
        return [_shown(job) for job in self._queue.jobs]

    @api()
    def StartRendering(self, jobIds=None, *args, isInteractiveMode=False):
        queue = self._queue
        if jobIds is None or isinstance(jobIds, bool):
            ids = [job.id for job in queue.jobs]
        elif isinstance(jobIds, str):
            ids = [jobIds] + [each for each in args if isinstance(each, str)]
        else:
            ids = list(jobIds)
        jobs = [queue.find(each, "StartRendering") for each in ids]
        if queue.blind and self._kit.lies.start_when_listed:
            return False
        return None not in jobs and queue.start(jobs)

    @api()
    def StopRendering(self):
        if self._queue.running and not self._queue.running.job.mine:
            self._kit.violations.append("StopRendering: the job is another's")
        self._queue.stop()

    @api()
    def IsRenderingInProgress(self):
        return self._queue.ask()

    @api()
    def GetRenderJobStatus(self, jobId):
        job = self._queue.find(jobId)
        if job is None:
            return None
        found = {
            "JobStatus": language.status(self._kit.locale, job.status),
            "CompletionPercentage": job.percent,
        }
        if job.status == language.COMPLETE:
            found["TimeTakenToRenderInMs"] = job.milliseconds
        if job.status == language.RENDERING:
            found["EstimatedTimeRemainingInMs"] = 1000
        if job.error:
            found["Error"] = job.error
        return found


def _shown(job):
    settings = job.settings
    whole = settings["SelectAllFrames"]
    return {
        "JobId": job.id,
        "RenderJobName": "Job {}".format(job.id[-4:].lstrip("0")),
        "TimelineName": job.timeline.name,
        "TargetDir": settings["TargetDir"],
        "OutputFilename": settings["CustomName"] or job.timeline.name,
        "PresetName": settings["preset"],
        "RenderMode": ("Individual clips", "Single clip")[settings["mode"]],
        "IsExportVideo": settings["ExportVideo"],
        "IsExportAudio": settings.get("ExportAudio", True),
        "VideoFormat": settings["format"],
        "VideoCodec": settings["codec"],
        "FormatWidth": int(settings.get("FormatWidth", job.timeline.size[0])),
        "FormatHeight": int(settings.get("FormatHeight", job.timeline.size[1])),
        "FrameRate": job.timeline.rate,
        "MarkIn": job.timeline.start if whole else settings.get("MarkIn", job.timeline.start),
        "MarkOut": job.timeline.end - 1 if whole else settings.get("MarkOut", job.timeline.end - 1),
    }


class Project(WithRenders):
    """The project that is open."""

    @api()
    def GetName(self):
        return self._truth.name

    @api()
    def SetName(self, projectName):
        self._truth.name = projectName
        return True

    @api()
    def GetUniqueId(self):
        return self._truth.id

    @api()
    def GetMediaPool(self):
        return self._kit.media_pool()

    @api()
    def GetTimelineCount(self):
        return len(self._truth.timelines)

    @api()
    def GetTimelineByIndex(self, idx):
        timelines = self._truth.timelines
        return self._kit.wrap(timelines[int(idx) - 1]) if 1 <= idx <= len(timelines) else None

    @api()
    def GetCurrentTimeline(self):
        return self._kit.wrap(self._truth.timeline)

    @api()
    def SetCurrentTimeline(self, timeline):
        if timeline is None or not timeline._exists:
            return False
        self._truth.timeline = timeline._truth
        return True

    @api()
    def GetSetting(self, settingName=None):
        settings = shown_settings(self._kit, self._truth.settings)
        return settings.get(settingName, "") if settingName else settings

    @api()
    def SetSetting(self, settingName, settingValue):
        if settingName == "timelineFrameRate" and self._truth.timelines:
            return False  # a project's rate is fixed once it has media on timelines
        if settingName not in self._truth.settings:
            return False
        self._truth.settings[settingName] = str(settingValue)
        return True
