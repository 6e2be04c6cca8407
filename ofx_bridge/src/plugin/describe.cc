// What the plugin says of itself. No engine is asked: hosts describe plugins while they start.

#include <string>

#include "plugin/actions.h"
#include "plugin/host.h"
#include "plugin/parameters.h"

namespace faceplate::plugin {
namespace {

namespace p = ofx::prop;
namespace v = ofx::value;

Properties properties_of(ofx::Effect effect) {
  ofx::PropertySet set = nullptr;
  check(suites().effect->getPropertySet(effect, &set));
  return Properties(set);
}

void define_clip(ofx::Effect effect, const char* name) {
  ofx::PropertySet set = nullptr;
  check(suites().effect->clipDefine(effect, name, &set));
  const Properties clip(set);
  int index = 0;
  for (const char* components : {v::kRgba, v::kRgb, v::kAlpha}) {
    clip.set(p::kSupportedComponents, components, index++);
  }
  clip.set(p::kSupportsTiles, 1);
  clip.set(p::kTemporalClipAccess, 0);
  clip.set(p::kFieldExtraction, v::kFieldBoth);  // frames are restored whole
}

}  // namespace

ofx::Status describe(ofx::Effect effect) {
  const Properties about = properties_of(effect), host(host_properties());
  about.set(p::kLabel, "Faceplate");
  about.set(p::kShortLabel, "Faceplate");
  about.set(p::kLongLabel, "Faceplate restored faces");
  about.set(p::kGrouping, "Faceplate");
  about.set(p::kPluginDescription,
            "Shows the frames that the Faceplate engine restored. It restores none itself.");
  about.set(p::kSupportedContexts, v::kFilter, 0);
  about.set(p::kSupportedContexts, v::kGeneral, 1);
  int index = 0;
  about.set(p::kSupportedPixelDepths, v::kFloat, index++);
  if (host.lists(p::kSupportedPixelDepths, v::kHalf)) {
    about.set(p::kSupportedPixelDepths, v::kHalf, index++);
  }
  about.set(p::kSupportedPixelDepths, v::kShort, index++);
  about.set(p::kSupportedPixelDepths, v::kByte, index++);
  about.set(p::kRenderThreadSafety, v::kFullySafe);
  about.set(p::kHostFrameThreading, 0);
  about.set(p::kSingleInstance, 0);
  about.set(p::kFieldRenderTwice, 0);
  about.set(p::kSupportsTiles, 1);
  about.set(p::kSupportsMultiResolution, 1);
  about.set(p::kTemporalClipAccess, 0);
  about.set(p::kMultipleClipDepths, 0);
  about.set(p::kMultipleClipPars, 0);
  return ofx::kOk;
}

ofx::Status describe_in_context(ofx::Effect effect) {
  define_clip(effect, ofx::kSourceClip);
  define_clip(effect, ofx::kOutputClip);
  ofx::ParamSet set = nullptr;
  check(suites().effect->getParamSet(effect, &set));
  define_parameters(set);
  return ofx::kOk;
}

}  // namespace faceplate::plugin
