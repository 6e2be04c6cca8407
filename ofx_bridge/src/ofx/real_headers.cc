// Holds ofx.h against the published headers: compiled where OFX_INCLUDE_DIR says where they are.

#include <string_view>

#include "ofx/ofx.h"
#include "ofxCore.h"
#include "ofxImageEffect.h"
#include "ofxMessage.h"
#include "ofxParam.h"
#include "ofxProperty.h"

namespace faceplate::ofx {
namespace {

#define SAME_PLACE(ours, theirs, member)                             \
  static_assert(offsetof(ours, member) == offsetof(theirs, member)); \
  static_assert(sizeof(ours::member) == sizeof(theirs::member))

SAME_PLACE(Host, OfxHost, host);
SAME_PLACE(Host, OfxHost, fetchSuite);
SAME_PLACE(Plugin, OfxPlugin, pluginApi);
SAME_PLACE(Plugin, OfxPlugin, pluginVersionMinor);
SAME_PLACE(Plugin, OfxPlugin, setHost);
SAME_PLACE(Plugin, OfxPlugin, mainEntry);
SAME_PLACE(PropertySuite, OfxPropertySuiteV1, propSetInt);
SAME_PLACE(PropertySuite, OfxPropertySuiteV1, propSetIntN);
SAME_PLACE(PropertySuite, OfxPropertySuiteV1, propGetPointer);
SAME_PLACE(PropertySuite, OfxPropertySuiteV1, propGetIntN);
SAME_PLACE(PropertySuite, OfxPropertySuiteV1, propGetDimension);
SAME_PLACE(ImageEffectSuite, OfxImageEffectSuiteV1, clipDefine);
SAME_PLACE(ImageEffectSuite, OfxImageEffectSuiteV1, clipGetHandle);
SAME_PLACE(ImageEffectSuite, OfxImageEffectSuiteV1, clipGetImage);
SAME_PLACE(ImageEffectSuite, OfxImageEffectSuiteV1, clipReleaseImage);
SAME_PLACE(ImageEffectSuite, OfxImageEffectSuiteV1, clipGetRegionOfDefinition);
SAME_PLACE(ImageEffectSuite, OfxImageEffectSuiteV1, abort);
SAME_PLACE(ParameterSuite, OfxParameterSuiteV1, paramDefine);
SAME_PLACE(ParameterSuite, OfxParameterSuiteV1, paramGetHandle);
SAME_PLACE(ParameterSuite, OfxParameterSuiteV1, paramGetValue);
SAME_PLACE(ParameterSuite, OfxParameterSuiteV1, paramGetValueAtTime);
SAME_PLACE(ParameterSuite, OfxParameterSuiteV1, paramSetValue);
SAME_PLACE(ParameterSuite, OfxParameterSuiteV1, paramEditEnd);
SAME_PLACE(MessageSuite, OfxMessageSuiteV2, message);
SAME_PLACE(MessageSuite, OfxMessageSuiteV2, setPersistentMessage);
SAME_PLACE(MessageSuite, OfxMessageSuiteV2, clearPersistentMessage);

#define SAME_WORD(ours, theirs) static_assert(std::string_view(ours) == theirs)

SAME_WORD(kImageEffectApi, kOfxImageEffectPluginApi);
SAME_WORD(suite::kProperty, kOfxPropertySuite);
SAME_WORD(suite::kImageEffect, kOfxImageEffectSuite);
SAME_WORD(suite::kParameter, kOfxParameterSuite);
SAME_WORD(suite::kMessage, kOfxMessageSuite);
SAME_WORD(prop::kMultipleClipDepths, kOfxImageEffectPropSupportsMultipleClipDepths);
SAME_WORD(prop::kInteractive, kOfxImageEffectPropInteractiveRenderStatus);
SAME_WORD(prop::kFrameVarying, kOfxImageEffectFrameVarying);
SAME_WORD(prop::kFrameRange, kOfxImageEffectPropFrameRange);
SAME_WORD(prop::kFieldExtraction, kOfxImageClipPropFieldExtraction);
SAME_WORD(prop::kRenderThreadSafety, kOfxImageEffectPluginRenderThreadSafety);
SAME_WORD(prop::kHostFrameThreading, kOfxImageEffectPluginPropHostFrameThreading);
SAME_WORD(prop::kFieldRenderTwice, kOfxImageEffectPluginPropFieldRenderTwiceAlways);
SAME_WORD(prop::kParamFileExists, kOfxParamPropStringFilePathExists);
SAME_WORD(value::kPreMultiplied, kOfxImagePreMultiplied);
SAME_WORD(value::kUnPreMultiplied, kOfxImageUnPreMultiplied);
SAME_WORD(value::kMessageWarning, kOfxMessageWarning);
SAME_WORD(value::kFieldBoth, kOfxImageFieldBoth);
SAME_WORD(value::kStringFolderPath, kOfxParamStringIsDirectoryPath);
static_assert(kReplyDefault == kOfxStatReplyDefault && kErrBadIndex == kOfxStatErrBadIndex);

}  // namespace
}  // namespace faceplate::ofx
