// What a host finds in the binary. No exception crosses these functions.

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string_view>

#include "plugin/actions.h"
#include "plugin/frames.h"
#include "plugin/host.h"
#include "plugin/instance.h"

#if defined(_WIN32)
#define FACEPLATE_EXPORT extern "C" __declspec(dllexport)
#else
#define FACEPLATE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace faceplate::plugin {
namespace {

ofx::Status load() { return fetch_suites() ? ofx::kOk : ofx::kErrMissingHostFeature; }

ofx::Status unload() {
  close_frame_sources();
  return ofx::kOk;
}

ofx::Status create(ofx::Effect effect) {
  auto instance = std::make_unique<Instance>(effect);
  instance->properties().set_pointer(ofx::prop::kInstanceData, instance.get());
  instance.release();  // NOLINT(bugprone-unused-return-value): `destroy` has it from the host
  return ofx::kOk;
}

ofx::Status destroy(ofx::Effect effect) {
  Instance& instance = Instance::of(effect);
  instance.properties().set_pointer(ofx::prop::kInstanceData, nullptr);
  delete &instance;
  return ofx::kOk;
}

ofx::Status changed(ofx::Effect effect, ofx::PropertySet set) {
  const Properties in(set);
  if (in.text(ofx::prop::kChangeReason) != ofx::value::kUserEdited) return ofx::kReplyDefault;
  Instance::of(effect).changed(in.text(ofx::prop::kName), in.real(ofx::prop::kTime).value_or(0));
  return ofx::kOk;
}

ofx::Status act(std::string_view name, ofx::Effect effect, ofx::PropertySet in,
                ofx::PropertySet out) {
  namespace a = ofx::action;
  if (name == a::kLoad) return load();
  if (!suites().property) return ofx::kErrMissingHostFeature;
  if (name == a::kUnload) return unload();
  if (name == a::kDescribe) return describe(effect);
  if (name == a::kDescribeInContext) return describe_in_context(effect);
  if (name == a::kCreateInstance) return create(effect);
  if (name == a::kDestroyInstance) return destroy(effect);
  if (name == a::kGetClipPreferences) return clip_preferences(effect, out);
  if (name == a::kGetRegionOfDefinition) return region_of_definition(effect, in, out);
  if (name == a::kGetRegionsOfInterest) return regions_of_interest(in, out);
  if (name == a::kGetFramesNeeded) return frames_needed(in, out);
  if (name == a::kIsIdentity) return is_identity(effect, in, out);
  if (name == a::kRender) return render(effect, in);
  if (name == a::kInstanceChanged) return changed(effect, in);
  if (name == a::kPurgeCaches) {
    purge_frame_sources();
    return ofx::kOk;
  }
  if (name == a::kSyncPrivateData) {
    Instance::of(effect).sync();
    return ofx::kOk;
  }
  // A sequence needs nothing that one frame does not.
  if (name == a::kBeginSequenceRender || name == a::kEndSequenceRender) return ofx::kOk;
  return ofx::kReplyDefault;
}

extern "C" {

ofx::Status enter(const char* action, const void* handle, ofx::PropertySet in,
                  ofx::PropertySet out) {
  if (!action) return ofx::kReplyDefault;
  try {
    // OpenFX passes handles as const void*; they are the host's, and opaque.
    return act(action, static_cast<ofx::Effect>(const_cast<void*>(handle)), in, out);
  } catch (const HostError& error) {
    return error.status;
  } catch (const std::bad_alloc&) {
    return ofx::kErrMemory;
  } catch (...) {
    return ofx::kFailed;
  }
}

void accept_host(ofx::Host* host) { set_host(host); }

}  // extern "C"

ofx::Plugin the_plugin = {ofx::kImageEffectApi,
                          ofx::kImageEffectApiVersion,
                          kIdentifier,
                          kVersionMajor,
                          kVersionMinor,
                          accept_host,
                          enter};

}  // namespace
}  // namespace faceplate::plugin

FACEPLATE_EXPORT int OfxGetNumberOfPlugins() { return 1; }

FACEPLATE_EXPORT faceplate::ofx::Plugin* OfxGetPlugin(int nth) {
  return nth == 0 ? &faceplate::plugin::the_plugin : nullptr;
}

FACEPLATE_EXPORT faceplate::ofx::Status OfxSetHost(const faceplate::ofx::Host* host) {
  faceplate::plugin::set_host(const_cast<faceplate::ofx::Host*>(host));
  return faceplate::ofx::kOk;
}
