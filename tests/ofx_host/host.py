"""A headless OFX host: suites, property sets, parameters, clips and images, through ctypes.

Rules of this file:
    - It is an unkind host. A text that it hands out is spoilt by the next call; an image that is
      not released, or released twice, a parameter that is set in a render, and a byte written
      outside the render window are told of in `Host.wrongs`.
    - It knows nothing of Faceplate.
"""

import _ctypes
import ctypes
import itertools
import math
import threading
import weakref
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_int, c_longlong, c_uint, c_void_p
from typing import ClassVar

import numpy as np

OK, FAILED, FATAL, UNKNOWN, NO_FEATURE = 0, 1, 2, 3, 4
UNSUPPORTED, BAD_HANDLE, BAD_INDEX, REPLY_DEFAULT = 5, 9, 10, 14
BYTE, SHORT, HALF, FLOAT = (f"OfxBitDepth{name}" for name in ("Byte", "Short", "Half", "Float"))
RGBA, RGB, ALPHA = (f"OfxImageComponent{name}" for name in ("RGBA", "RGB", "Alpha"))
OPAQUE, PREMULTIPLIED, STRAIGHT = (
    "OfxImageOpaque",
    "OfxImageAlphaPremultiplied",
    "OfxImageAlphaUnPremultiplied",
)
FILTER, GENERAL = "OfxImageEffectContextFilter", "OfxImageEffectContextGeneral"
DTYPES = {BYTE: np.uint8, SHORT: np.uint16, HALF: np.float16, FLOAT: np.float32}
CHANNELS = {RGBA: 4, RGB: 3, ALPHA: 1}
CANARY = 0xA5
DEFAULTS = {
    "OfxParamTypeInteger": 0,
    "OfxParamTypeBoolean": 0,
    "OfxParamTypeChoice": 0,
    "OfxParamTypeDouble": 0.0,
    "OfxParamTypeString": "",
}


class PluginStruct(ctypes.Structure):
    """`OfxPlugin`."""

    _fields_ = (
        ("api", c_char_p),
        ("api_version", c_int),
        ("identifier", c_char_p),
        ("major", c_uint),
        ("minor", c_uint),
        ("set_host", CFUNCTYPE(None, c_void_p)),
        ("main", CFUNCTYPE(c_int, c_char_p, c_void_p, c_void_p, c_void_p)),
    )


class HostStruct(ctypes.Structure):
    """`OfxHost`."""

    _fields_ = (
        ("host", c_void_p),
        ("fetch", CFUNCTYPE(c_void_p, c_void_p, c_char_p, c_int)),
    )


class RectD(ctypes.Structure):
    """`OfxRectD`."""

    _fields_ = tuple((name, c_double) for name in ("x1", "y1", "x2", "y2"))


class Handle:
    """Something that the plugin holds by an opaque pointer."""

    numbers = itertools.count(0x1000, 16)
    known: ClassVar[weakref.WeakValueDictionary[int, "Handle"]] = weakref.WeakValueDictionary()

    def __init__(self):
        self.handle = next(self.numbers)
        self.known[self.handle] = self


class Props(Handle):
    """A set of properties: lists of values by name."""

    def __init__(self, **values):
        super().__init__()
        self.values = {}
        for name, value in values.items():
            self.put(name, value)

    def put(self, name, value):
        """Set all values of a property."""
        self.values[name] = list(value) if isinstance(value, list | tuple) else [value]
        return self

    def get(self, name, index=0):
        """Return one value."""
        return self.values[name][index]


class Param(Handle):
    """A parameter: one value, or one that follows from the time where it is callable."""

    def __init__(self, kind, props):
        super().__init__()
        self.kind, self.props = kind, props
        self.value = props.values.get("OfxParamPropDefault", [DEFAULTS.get(kind)])[0]

    def at(self, time):
        """Return its value at a time."""
        return self.value(time) if callable(self.value) else self.value


class Image(Props):
    """An image in memory of its own, with padding that nobody may write to.

    Args:
        pixels: ``(H, W, C)``, the top row first; C as `components` has it.
        bounds: Left lower corner, in pixels.
        padding: Bytes behind every row.
        backwards: Whether the first row in memory is the top one.
        offset: Bytes before the first sample, to spoil its alignment.
    """

    def __init__(
        self, pixels, *, depth=FLOAT, components=RGBA, origin=(0, 0), padding=0, backwards=False,
        aspect=1.0, alpha=PREMULTIPLIED, offset=0,
    ):  # fmt: skip
        super().__init__()
        pixels = np.ascontiguousarray(pixels, DTYPES[depth])
        self.height, self.width, channels = pixels.shape
        assert channels == CHANNELS[components]
        self.dtype, self.channels, self.backwards, self.offset = (
            pixels.dtype, channels, backwards, offset,
        )  # fmt: skip
        self.line = self.width * channels * pixels.itemsize
        self.stride = self.line + padding
        self.memory = np.full(self.stride * self.height + 64 + offset, CANARY, np.uint8)
        left, low = origin
        self.bounds = [left, low, left + self.width, low + self.height]
        self.depth, self.components = depth, components
        self.write(pixels)
        lowest = self.memory.ctypes.data + 32 + offset
        first = lowest + (self.height - 1) * self.stride if backwards else lowest
        self.put("OfxImagePropData", first)
        self.put("OfxImagePropRowBytes", -self.stride if backwards else self.stride)
        self.put("OfxImagePropBounds", self.bounds)
        self.put("OfxImagePropRegionOfDefinition", self.bounds)
        self.put("OfxImageEffectPropPixelDepth", depth)
        self.put("OfxImageEffectPropComponents", components)
        self.put("OfxImageEffectPropPreMultiplication", alpha)
        self.put("OfxImagePropPixelAspectRatio", aspect)
        self.put("OfxImagePropUniqueIdentifier", str(self.handle))

    @classmethod
    def blank(cls, width, height, *, depth=FLOAT, components=RGBA, **kw):
        """Return an image of canaries."""
        shape = height, width, CHANNELS[components]
        made = cls(np.zeros(shape, DTYPES[depth]), depth=depth, components=components, **kw)
        made.memory[:] = CANARY
        return made

    def _rows(self):
        begin = 32 + self.offset
        body = self.memory[begin : begin + self.stride * self.height]
        rows = body.reshape(self.height, self.stride)
        return rows if self.backwards else rows[::-1]

    def write(self, pixels):
        """Set all pixels, ``(H, W, C)``, the top row first."""
        self._rows()[:, : self.line] = pixels.view(np.uint8).reshape(self.height, self.line)

    def read(self):
        """Return a copy of all pixels, the top row first."""
        data = np.ascontiguousarray(self._rows()[:, : self.line])
        return data.view(self.dtype).reshape(self.height, self.width, self.channels)

    def touched_outside(self, window):
        """Whether a byte outside a window, x1 y1 x2 y2, is no canary any more."""
        mask = np.ones(self.memory.shape, bool)
        left, low, right, high = window
        pixel = self.channels * self.dtype.itemsize
        for y in range(max(low, self.bounds[1]), min(high, self.bounds[3])):
            row = self.height - 1 - (y - self.bounds[1]) if self.backwards else y - self.bounds[1]
            begin = 32 + self.offset + row * self.stride
            first = begin + (max(left, self.bounds[0]) - self.bounds[0]) * pixel
            mask[first : begin + (min(right, self.bounds[2]) - self.bounds[0]) * pixel] = False
        return bool((self.memory[mask] != CANARY).any())


class Clip(Handle):
    """A clip of an effect; `image` is called with a time and returns an `Image`, or None."""

    def __init__(self, name, props):
        super().__init__()
        self.name, self.props = name, props
        self.image = lambda _time: None
        self.region = None  # canonical; None for that of the image
        self.fetched = 0

    def region_at(self, time):
        """Return its region of definition, or None."""
        if self.region is not None:
            return self.region
        image = self.image(time)
        return None if image is None else [float(side) for side in image.bounds]


class Effect(Handle):
    """A descriptor or an instance."""

    def __init__(self, host, plugin):
        super().__init__()
        self.host, self.plugin = host, plugin
        self.props, self.clips, self.params, self.param_set = Props(), {}, {}, Handle()
        self.param_set.effect = self
        self.aborts = lambda: False
        self.asked_to_abort = []
        self.persistent = None
        self.messages = []
        self.busy = threading.local()

    def act(self, action, given=None, wanted=None):
        """Have an action carried out; return its status."""
        return self.plugin.act(action, self, given, wanted)

    def set(self, **values):
        """Set parameters as a project that was loaded would: nobody is told."""
        for name, value in values.items():
            self.params[name].value = value
        return self

    def press(self, name, time=0.0):
        """Have the user press a button."""
        given = Props(
            OfxPropType="OfxTypeParameter",
            OfxPropName=name,
            OfxPropChangeReason="OfxChangeUserEdited",
            OfxPropTime=time,
            OfxImageEffectPropRenderScale=[1.0, 1.0],
        )
        return self.act("OfxActionInstanceChanged", given)

    def show(self, image):
        """Let a clip of one picture, or a function of time, be the source."""
        self.clips["Source"].image = image if callable(image) else lambda _time: image
        return self

    def arguments(self, time, window, scale=(1.0, 1.0), *, interactive=False, **more):
        """Return what a render is told."""
        return Props(
            OfxPropTime=float(time),
            OfxImageEffectPropFieldToRender="OfxFieldBoth",
            OfxImageEffectPropRenderWindow=list(window),
            OfxImageEffectPropRenderScale=list(scale),
            OfxImageEffectPropSequentialRenderStatus=0,
            OfxImageEffectPropInteractiveRenderStatus=int(interactive),
            OfxImageEffectPropRenderQualityDraft=0,
            **more,
        )

    def render(self, out, time=0, window=None, **more):
        """Render into an image of canaries; return the status."""
        window = out.bounds if window is None else window
        self.busy.output = out
        self.busy.images = []
        try:
            status = self.act("OfxImageEffectActionRender", self.arguments(time, window, **more))
        finally:
            if self.busy.images:
                self.host.wrongs.append("an image was not released")
            self.busy.output = None
        if out.touched_outside(window):
            self.host.wrongs.append("bytes were written outside the render window")
        return status

    def identity(self, time=0, **more):
        """Return the clip that the effect is identical to, or None."""
        wanted = Props()
        given = self.arguments(time, [0, 0, 8, 8], **more)
        status = self.act("OfxImageEffectActionIsIdentity", given, wanted)
        return wanted.get("OfxPropName") if status == OK else None

    def destroy(self):
        """End it."""
        return self.act("OfxActionDestroyInstance")


class Plugin:
    """A plugin in its binary."""

    def __init__(self, host, path):
        self.host = host
        self.library = ctypes.CDLL(str(path), mode=ctypes.RTLD_LOCAL)
        self.library.OfxGetPlugin.restype = POINTER(PluginStruct)
        self.count = self.library.OfxGetNumberOfPlugins()
        self.struct = self.library.OfxGetPlugin(0).contents
        self.descriptor = Effect(host, self)

    def act(self, action, effect=None, given=None, wanted=None):
        """Call its main entry."""
        return self.struct.main(
            action.encode(),
            effect and effect.handle,
            given and given.handle,
            wanted and wanted.handle,
        )

    def load(self):
        """Let it know the host, and load."""
        self.struct.set_host(ctypes.cast(ctypes.pointer(self.host.struct), c_void_p))
        return self.act("OfxActionLoad")

    def describe(self, context=FILTER):
        """Have it described; return the descriptor."""
        assert self.act("OfxActionDescribe", self.descriptor) == OK
        made = Effect(self.host, self)
        given = Props(OfxImageEffectPropContext=context)
        assert self.act("OfxImageEffectActionDescribeInContext", made, given) == OK
        return made

    def create(self, context=FILTER, **params):
        """Return an instance."""
        made = self.describe(context)
        made.props.put("OfxImageEffectPropContext", context)
        for param in made.params.values():
            param.value = Param(param.kind, param.props).value
        assert made.act("OfxActionCreateInstance") == OK
        return made.set(**params)

    def unload(self):
        """Unload and close the binary."""
        status = self.act("OfxActionUnload")
        handle = self.library._handle
        del self.struct, self.library
        _ctypes.dlclose(handle)
        return status


class Host:
    """The host.

    Args:
        depths: That it has.
        messages: Version of its message suite; 0 for none.
        missing: Names of suites, and types of parameters, that it does not have.
    """

    def __init__(self, depths=(FLOAT, HALF, SHORT, BYTE), messages=2, missing=()):
        self.props = Props(
            OfxPropName="test.host",
            OfxImageEffectPropSupportedPixelDepths=list(depths),
            OfxImageEffectPropTemporalClipAccess=0,
        )
        self.wrongs = []
        self.rendering = threading.local()
        self.texts = threading.local()
        self.missing, self.message_version = missing, messages
        self.keep = []
        self.suites = {
            (b"OfxPropertySuite", 1): self._property_suite(),
            (b"OfxImageEffectSuite", 1): self._effect_suite(),
            (b"OfxParameterSuite", 1): self._parameter_suite(),
        }
        self.suites |= {(b"OfxMessageSuite", n + 1): self._message_suite() for n in range(messages)}
        self.struct = HostStruct(
            self.props.handle,
            self._callback(self._fetch, c_void_p, c_char_p, c_int, result=c_void_p),
        )

    def open(self, path):
        """Open a plugin's binary."""
        return Plugin(self, path)

    # how functions become suites

    def _callback(self, function, *arguments, result=c_int):
        def guarded(*given):
            try:
                return function(*given)
            except KeyError:
                return UNKNOWN
            except IndexError:
                return BAD_INDEX
            except Exception as error:  # noqa: BLE001 - it must not cross the plugin
                self.wrongs.append(repr(error))
                return FAILED

        made = CFUNCTYPE(result, *arguments)(guarded)
        self.keep.append(made)
        return made

    def _suite(self, *functions):
        pointers = [
            ctypes.cast(function, c_void_p).value if function else None for function in functions
        ]
        table = (c_void_p * len(pointers))(*pointers)
        self.keep.append(table)
        return ctypes.addressof(table)

    def _fetch(self, _host, name, version):
        if name.decode() in self.missing:
            return None
        return self.suites.get((name, version))

    def _lend(self, text):
        """Return the address of a text that is spoilt by the next one."""
        before = getattr(self.texts, "lent", None)
        if before is not None:
            ctypes.memset(before, 0xDD, len(before) - 1)
        self.texts.lent = ctypes.create_string_buffer(text.encode())
        self.texts.all = [*getattr(self.texts, "all", ())[-50:], self.texts.lent]
        return ctypes.addressof(self.texts.lent)

    # properties

    def _property_suite(self):
        known = Handle.known

        def setter(convert):
            def put(handle, name, index, value):
                values = known[handle].values.setdefault(name.decode(), [])
                values.extend([None] * (index + 1 - len(values)))
                values[index] = convert(value)
                return OK

            return put

        def getter(kinds, convert=lambda value: value):
            def get(handle, name, index, out):
                value = known[handle].values[name.decode()][index]
                if not isinstance(value, kinds):
                    return UNKNOWN
                out[0] = convert(value)
                return OK

            return get

        def dimension(handle, name, out):
            out[0] = len(known[handle].values[name.decode()])
            return OK

        def callback(function, kind):
            return self._callback(function, c_void_p, c_char_p, c_int, kind)

        return self._suite(
            callback(setter(lambda value: value or 0), c_void_p),
            callback(setter(lambda value: value.decode()), c_char_p),
            callback(setter(float), c_double),
            callback(setter(int), c_int),
            *(None,) * 4,
            callback(getter(int), POINTER(c_void_p)),
            callback(getter(str, self._lend), POINTER(c_void_p)),
            callback(getter(float | int, float), POINTER(c_double)),
            callback(getter(int), POINTER(c_int)),
            *(None,) * 5,
            self._callback(dimension, c_void_p, c_char_p, POINTER(c_int)),
        )

    # effects, clips, images

    def _effect_suite(self):  # noqa: C901 - a table of functions
        known = Handle.known

        def properties_of(handle, out):
            out[0] = known[handle].props.handle
            return OK

        def params_of(handle, out):
            out[0] = known[handle].param_set.handle
            return OK

        def define(handle, name, out):
            clip = Clip(name.decode(), Props())
            known[handle].clips[clip.name] = clip
            clip.props.put("OfxImageEffectPropPreMultiplication", PREMULTIPLIED)
            out[0] = clip.props.handle
            return OK

        def clip_of(handle, name, out, properties):
            clip = known[handle].clips[name.decode()]
            clip.effect = known[handle]
            out[0] = clip.handle
            if properties:
                properties[0] = clip.props.handle
            return OK

        def image_of(handle, time, _region, out):
            clip = known[handle]
            busy = clip.effect.busy
            image = busy.output if clip.name == "Output" else clip.image(time)
            clip.fetched += 1
            if image is None:
                return FAILED
            lent = Props()  # each fetch has a handle of its own, to be released once
            lent.values, lent.lender = image.values, busy
            busy.images.append(lent)
            out[0] = lent.handle
            return OK

        def release(handle):
            lent = known.get(handle)
            if lent is None or lent not in lent.lender.images:
                self.wrongs.append("an image was released that was not fetched")
                return BAD_HANDLE
            lent.lender.images.remove(lent)
            return OK

        def region(handle, time, out):
            found = known[handle].region_at(time)
            if found is None:
                return FAILED
            out[0] = RectD(*found)
            return OK

        def abort(handle):
            effect = known[handle]
            effect.asked_to_abort.append(True)
            return int(effect.aborts())

        handle_out = POINTER(c_void_p)
        call = self._callback
        return self._suite(
            call(properties_of, c_void_p, handle_out),
            call(params_of, c_void_p, handle_out),
            call(define, c_void_p, c_char_p, handle_out),
            call(clip_of, c_void_p, c_char_p, handle_out, handle_out),
            call(properties_of, c_void_p, handle_out),
            call(image_of, c_void_p, c_double, c_void_p, handle_out),
            call(release, c_void_p),
            call(region, c_void_p, c_double, POINTER(RectD)),
            call(abort, c_void_p),
            *(None,) * 4,
        )

    # parameters

    def _parameter_suite(self):  # noqa: C901 - a table of functions
        known = Handle.known

        def define(handle, kind, name, out):
            if kind.decode() in self.missing:
                return UNSUPPORTED
            props = Props()
            known[handle].effect.params[name.decode()] = Param(kind.decode(), props)
            out[0] = props.handle
            return OK

        def find(handle, name, out, properties):
            param = known[handle].effect.params[name.decode()]
            param.effect = known[handle].effect
            out[0] = param.handle
            if properties:
                properties[0] = param.props.handle
            return OK

        def read(handle, time, out):
            param = known[handle]
            value = param.at(time)
            if param.kind == "OfxParamTypeString":
                ctypes.cast(out, POINTER(c_void_p))[0] = self._lend(value)
            elif param.kind == "OfxParamTypeDouble":
                ctypes.cast(out, POINTER(c_double))[0] = value
            else:
                ctypes.cast(out, POINTER(c_int))[0] = int(value)
            return OK

        def write(handle, word, real):
            param = known[handle]
            if getattr(param.effect.busy, "output", None) is not None:
                self.wrongs.append("a parameter was set in a render")
            if param.kind == "OfxParamTypeString":
                param.value = ctypes.string_at(word).decode()
            elif param.kind == "OfxParamTypeDouble":
                param.value = real
            else:
                param.value = ctypes.c_int32(word & 0xFFFFFFFF).value
            return OK

        handle_out = POINTER(c_void_p)
        # What follows by "..." lies in the same registers as if it were declared (x86-64, aarch64).
        call = self._callback
        return self._suite(
            call(define, c_void_p, c_char_p, c_char_p, handle_out),
            call(find, c_void_p, c_char_p, handle_out, handle_out),
            *(None,) * 2,
            call(lambda handle, out: read(handle, math.nan, out), c_void_p, c_void_p),
            call(read, c_void_p, c_double, c_void_p),
            *(None,) * 2,
            call(write, c_void_p, c_longlong, c_double),
            *(None,) * 9,
        )

    # messages

    def _message_suite(self):
        known = Handle.known

        def message(handle, kind, _name, form, text):
            assert form == b"%s"
            known[handle].messages.append((kind.decode(), text.decode()))
            return OK

        def persist(handle, kind, _name, form, text):
            message(handle, kind, _name, form, text)
            known[handle].persistent = text.decode()
            return OK

        def clear(handle):
            known[handle].persistent = None
            return OK

        told = c_void_p, c_char_p, c_char_p, c_char_p, c_char_p
        return self._suite(
            self._callback(message, *told),
            self._callback(persist, *told),
            self._callback(clear, c_void_p),
        )
