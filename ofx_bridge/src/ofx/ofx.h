// The part of OpenFX 1.5 that the plugin speaks, declared from its specification.
//
// Rules of this file:
//   - Only what is used, in the specification's order where the order is the binary interface.
//   - Names are ours; the strings and numbers behind them are the specification's.
//   - real_headers.cc holds all of it against the published headers where a builder has them.

#pragma once

#include <cstddef>

namespace faceplate::ofx {

using Status = int;
inline constexpr Status kOk = 0;
inline constexpr Status kFailed = 1;
inline constexpr Status kErrFatal = 2;
inline constexpr Status kErrUnknown = 3;
inline constexpr Status kErrMissingHostFeature = 4;
inline constexpr Status kErrUnsupported = 5;
inline constexpr Status kErrMemory = 8;
inline constexpr Status kErrBadHandle = 9;
inline constexpr Status kErrBadIndex = 10;
inline constexpr Status kErrValue = 11;
inline constexpr Status kReplyYes = 12;
inline constexpr Status kReplyNo = 13;
inline constexpr Status kReplyDefault = 14;

using Time = double;

struct RectI {
  int x1, y1, x2, y2;
};

struct RectD {
  double x1, y1, x2, y2;
};

// Handles are the host's; nobody here looks behind them.
using PropertySet = struct PropertySetOpaque*;
using Effect = struct EffectOpaque*;
using Clip = struct ClipOpaque*;
using Param = struct ParamOpaque*;
using ParamSet = struct ParamSetOpaque*;
using ImageMemory = struct ImageMemoryOpaque*;

extern "C" {

struct Host {
  PropertySet host;
  const void* (*fetchSuite)(PropertySet host, const char* name, int version);
};

using EntryPoint = Status(const char* action, const void* handle, PropertySet in, PropertySet out);

struct Plugin {
  const char* pluginApi;
  int apiVersion;
  const char* pluginIdentifier;
  unsigned int pluginVersionMajor;
  unsigned int pluginVersionMinor;
  void (*setHost)(Host* host);
  EntryPoint* mainEntry;
};

struct PropertySuite {
  Status (*propSetPointer)(PropertySet, const char* name, int index, void* value);
  Status (*propSetString)(PropertySet, const char* name, int index, const char* value);
  Status (*propSetDouble)(PropertySet, const char* name, int index, double value);
  Status (*propSetInt)(PropertySet, const char* name, int index, int value);
  Status (*propSetPointerN)(PropertySet, const char* name, int count, void* const* value);
  Status (*propSetStringN)(PropertySet, const char* name, int count, const char* const* value);
  Status (*propSetDoubleN)(PropertySet, const char* name, int count, const double* value);
  Status (*propSetIntN)(PropertySet, const char* name, int count, const int* value);
  Status (*propGetPointer)(PropertySet, const char* name, int index, void** value);
  Status (*propGetString)(PropertySet, const char* name, int index, char** value);
  Status (*propGetDouble)(PropertySet, const char* name, int index, double* value);
  Status (*propGetInt)(PropertySet, const char* name, int index, int* value);
  Status (*propGetPointerN)(PropertySet, const char* name, int count, void** value);
  Status (*propGetStringN)(PropertySet, const char* name, int count, char** value);
  Status (*propGetDoubleN)(PropertySet, const char* name, int count, double* value);
  Status (*propGetIntN)(PropertySet, const char* name, int count, int* value);
  Status (*propReset)(PropertySet, const char* name);
  Status (*propGetDimension)(PropertySet, const char* name, int* count);
};

struct ImageEffectSuite {
  Status (*getPropertySet)(Effect, PropertySet* out);
  Status (*getParamSet)(Effect, ParamSet* out);
  Status (*clipDefine)(Effect, const char* name, PropertySet* out);
  Status (*clipGetHandle)(Effect, const char* name, Clip* out, PropertySet* properties);
  Status (*clipGetPropertySet)(Clip, PropertySet* out);
  Status (*clipGetImage)(Clip, Time time, const RectD* region, PropertySet* out);
  Status (*clipReleaseImage)(PropertySet image);
  Status (*clipGetRegionOfDefinition)(Clip, Time time, RectD* out);
  int (*abort)(Effect);
  Status (*imageMemoryAlloc)(Effect, size_t bytes, ImageMemory* out);
  Status (*imageMemoryFree)(ImageMemory);
  Status (*imageMemoryLock)(ImageMemory, void** out);
  Status (*imageMemoryUnlock)(ImageMemory);
};

struct ParameterSuite {
  Status (*paramDefine)(ParamSet, const char* type, const char* name, PropertySet* out);
  Status (*paramGetHandle)(ParamSet, const char* name, Param* out, PropertySet* properties);
  Status (*paramSetGetPropertySet)(ParamSet, PropertySet* out);
  Status (*paramGetPropertySet)(Param, PropertySet* out);
  Status (*paramGetValue)(Param, ...);
  Status (*paramGetValueAtTime)(Param, Time time, ...);
  Status (*paramGetDerivative)(Param, Time time, ...);
  Status (*paramGetIntegral)(Param, Time from, Time to, ...);
  Status (*paramSetValue)(Param, ...);
  Status (*paramSetValueAtTime)(Param, Time time, ...);
  Status (*paramGetNumKeys)(Param, unsigned int* count);
  Status (*paramGetKeyTime)(Param, unsigned int index, Time* out);
  Status (*paramGetKeyIndex)(Param, Time time, int direction, int* index);
  Status (*paramDeleteKey)(Param, Time time);
  Status (*paramDeleteAllKeys)(Param);
  Status (*paramCopy)(Param to, Param from, Time offset, const struct RangeOpaque* range);
  Status (*paramEditBegin)(ParamSet, const char* name);
  Status (*paramEditEnd)(ParamSet);
};

// Version 2 adds the persistent ones behind `message`, which is all of version 1.
struct MessageSuite {
  Status (*message)(void* handle, const char* type, const char* id, const char* format, ...);
  Status (*setPersistentMessage)(void* handle, const char* type, const char* id, const char* format,
                                 ...);
  Status (*clearPersistentMessage)(void* handle);
};

}  // extern "C"

inline constexpr char kImageEffectApi[] = "OfxImageEffectPluginAPI";
inline constexpr int kImageEffectApiVersion = 1;

namespace suite {
inline constexpr char kProperty[] = "OfxPropertySuite";
inline constexpr char kImageEffect[] = "OfxImageEffectSuite";
inline constexpr char kParameter[] = "OfxParameterSuite";
inline constexpr char kMessage[] = "OfxMessageSuite";
}  // namespace suite

namespace action {
inline constexpr char kLoad[] = "OfxActionLoad";
inline constexpr char kUnload[] = "OfxActionUnload";
inline constexpr char kDescribe[] = "OfxActionDescribe";
inline constexpr char kCreateInstance[] = "OfxActionCreateInstance";
inline constexpr char kDestroyInstance[] = "OfxActionDestroyInstance";
inline constexpr char kInstanceChanged[] = "OfxActionInstanceChanged";
inline constexpr char kPurgeCaches[] = "OfxActionPurgeCaches";
inline constexpr char kSyncPrivateData[] = "OfxActionSyncPrivateData";
inline constexpr char kDescribeInContext[] = "OfxImageEffectActionDescribeInContext";
inline constexpr char kGetRegionOfDefinition[] = "OfxImageEffectActionGetRegionOfDefinition";
inline constexpr char kGetRegionsOfInterest[] = "OfxImageEffectActionGetRegionsOfInterest";
inline constexpr char kGetFramesNeeded[] = "OfxImageEffectActionGetFramesNeeded";
inline constexpr char kGetClipPreferences[] = "OfxImageEffectActionGetClipPreferences";
inline constexpr char kIsIdentity[] = "OfxImageEffectActionIsIdentity";
inline constexpr char kRender[] = "OfxImageEffectActionRender";
inline constexpr char kBeginSequenceRender[] = "OfxImageEffectActionBeginSequenceRender";
inline constexpr char kEndSequenceRender[] = "OfxImageEffectActionEndSequenceRender";
}  // namespace action

namespace prop {
inline constexpr char kName[] = "OfxPropName";
inline constexpr char kLabel[] = "OfxPropLabel";
inline constexpr char kShortLabel[] = "OfxPropShortLabel";
inline constexpr char kLongLabel[] = "OfxPropLongLabel";
inline constexpr char kPluginDescription[] = "OfxPropPluginDescription";
inline constexpr char kTime[] = "OfxPropTime";
inline constexpr char kInstanceData[] = "OfxPropInstanceData";
inline constexpr char kChangeReason[] = "OfxPropChangeReason";
inline constexpr char kGrouping[] = "OfxImageEffectPluginPropGrouping";
inline constexpr char kSupportedContexts[] = "OfxImageEffectPropSupportedContexts";
inline constexpr char kSupportedPixelDepths[] = "OfxImageEffectPropSupportedPixelDepths";
inline constexpr char kSupportedComponents[] = "OfxImageEffectPropSupportedComponents";
inline constexpr char kRenderThreadSafety[] = "OfxImageEffectPluginRenderThreadSafety";
inline constexpr char kHostFrameThreading[] = "OfxImageEffectPluginPropHostFrameThreading";
inline constexpr char kSingleInstance[] = "OfxImageEffectPluginPropSingleInstance";
inline constexpr char kFieldRenderTwice[] = "OfxImageEffectPluginPropFieldRenderTwiceAlways";
inline constexpr char kSupportsTiles[] = "OfxImageEffectPropSupportsTiles";
inline constexpr char kSupportsMultiResolution[] = "OfxImageEffectPropSupportsMultiResolution";
inline constexpr char kTemporalClipAccess[] = "OfxImageEffectPropTemporalClipAccess";
inline constexpr char kMultipleClipDepths[] = "OfxImageEffectPropMultipleClipDepths";
inline constexpr char kMultipleClipPars[] = "OfxImageEffectPropSupportsMultipleClipPARs";
inline constexpr char kContext[] = "OfxImageEffectPropContext";
inline constexpr char kComponents[] = "OfxImageEffectPropComponents";
inline constexpr char kPixelDepth[] = "OfxImageEffectPropPixelDepth";
inline constexpr char kPreMultiplication[] = "OfxImageEffectPropPreMultiplication";
inline constexpr char kFrameVarying[] = "OfxImageEffectFrameVarying";
inline constexpr char kRenderWindow[] = "OfxImageEffectPropRenderWindow";
inline constexpr char kRenderScale[] = "OfxImageEffectPropRenderScale";
inline constexpr char kInteractive[] = "OfxImageEffectPropInteractiveRenderStatus";
inline constexpr char kFrameRange[] = "OfxImageEffectPropFrameRange";
inline constexpr char kRegionOfDefinition[] = "OfxImageEffectPropRegionOfDefinition";
inline constexpr char kRegionOfInterest[] = "OfxImageEffectPropRegionOfInterest";
inline constexpr char kFieldExtraction[] = "OfxImageClipPropFieldExtraction";
inline constexpr char kClipRoi[] = "OfxImageClipPropRoI_";
inline constexpr char kClipFrameRange[] = "OfxImageClipPropFrameRange_";
inline constexpr char kImageData[] = "OfxImagePropData";
inline constexpr char kImageBounds[] = "OfxImagePropBounds";
inline constexpr char kImageRowBytes[] = "OfxImagePropRowBytes";
inline constexpr char kImagePixelAspect[] = "OfxImagePropPixelAspectRatio";
// Blackmagic's, where the host is theirs.
inline constexpr char kSourceFrame[] = "OfxImageEffectPropSrcFrame";
inline constexpr char kSourceFilePath[] = "OfxImageEffectPropSrcFilePath";

inline constexpr char kParamDefault[] = "OfxParamPropDefault";
inline constexpr char kParamMin[] = "OfxParamPropMin";
inline constexpr char kParamMax[] = "OfxParamPropMax";
inline constexpr char kParamDisplayMin[] = "OfxParamPropDisplayMin";
inline constexpr char kParamDisplayMax[] = "OfxParamPropDisplayMax";
inline constexpr char kParamHint[] = "OfxParamPropHint";
inline constexpr char kParamScriptName[] = "OfxParamPropScriptName";
inline constexpr char kParamParent[] = "OfxParamPropParent";
inline constexpr char kParamAnimates[] = "OfxParamPropAnimates";
inline constexpr char kParamEnabled[] = "OfxParamPropEnabled";
inline constexpr char kParamSecret[] = "OfxParamPropSecret";
inline constexpr char kParamEvaluateOnChange[] = "OfxParamPropEvaluateOnChange";
inline constexpr char kParamChoiceOption[] = "OfxParamPropChoiceOption";
inline constexpr char kParamStringMode[] = "OfxParamPropStringMode";
inline constexpr char kParamFileExists[] = "OfxParamPropStringFilePathExists";
inline constexpr char kParamPageChild[] = "OfxParamPropPageChild";
}  // namespace prop

namespace value {
inline constexpr char kFilter[] = "OfxImageEffectContextFilter";
inline constexpr char kGeneral[] = "OfxImageEffectContextGeneral";
inline constexpr char kFullySafe[] = "OfxImageEffectRenderFullySafe";
inline constexpr char kByte[] = "OfxBitDepthByte";
inline constexpr char kShort[] = "OfxBitDepthShort";
inline constexpr char kHalf[] = "OfxBitDepthHalf";
inline constexpr char kFloat[] = "OfxBitDepthFloat";
inline constexpr char kRgba[] = "OfxImageComponentRGBA";
inline constexpr char kRgb[] = "OfxImageComponentRGB";
inline constexpr char kAlpha[] = "OfxImageComponentAlpha";
inline constexpr char kOpaque[] = "OfxImageOpaque";
inline constexpr char kPreMultiplied[] = "OfxImageAlphaPremultiplied";
inline constexpr char kUnPreMultiplied[] = "OfxImageAlphaUnPremultiplied";
inline constexpr char kFieldBoth[] = "OfxFieldBoth";
inline constexpr char kUserEdited[] = "OfxChangeUserEdited";
inline constexpr char kMessageError[] = "OfxMessageError";
inline constexpr char kMessageWarning[] = "OfxMessageWarning";
inline constexpr char kMessageMessage[] = "OfxMessageMessage";
inline constexpr char kParamInteger[] = "OfxParamTypeInteger";
inline constexpr char kParamDouble[] = "OfxParamTypeDouble";
inline constexpr char kParamBoolean[] = "OfxParamTypeBoolean";
inline constexpr char kParamChoice[] = "OfxParamTypeChoice";
inline constexpr char kParamString[] = "OfxParamTypeString";
inline constexpr char kParamGroup[] = "OfxParamTypeGroup";
inline constexpr char kParamPage[] = "OfxParamTypePage";
inline constexpr char kParamPushButton[] = "OfxParamTypePushButton";
inline constexpr char kStringSingleLine[] = "OfxParamStringIsSingleLine";
inline constexpr char kStringFilePath[] = "OfxParamStringIsFilePath";
inline constexpr char kStringFolderPath[] = "OfxParamStringIsDirectoryPath";
}  // namespace value

inline constexpr char kSourceClip[] = "Source";
inline constexpr char kOutputClip[] = "Output";

}  // namespace faceplate::ofx
