#include "plugin/host.h"

#include <atomic>
#include <mutex>

namespace faceplate::plugin {
namespace {

std::atomic<ofx::Host*> the_host{nullptr};
std::mutex fetching;
ofx::Host* fetched_of = nullptr;
Suites fetched;  // written while the plugin is loaded, before the first Describe

template <class Suite>
const Suite* fetch(ofx::Host* host, const char* name, int version) {
  return static_cast<const Suite*>(host->fetchSuite(host->host, name, version));
}

std::optional<Depth> depth_of(const std::string& word) {
  if (word == ofx::value::kFloat) return Depth::kFloat;
  if (word == ofx::value::kHalf) return Depth::kHalf;
  if (word == ofx::value::kShort) return Depth::kShort;
  if (word == ofx::value::kByte) return Depth::kByte;
  return std::nullopt;
}

std::optional<Components> components_of(const std::string& word) {
  if (word == ofx::value::kRgba) return Components::kRgba;
  if (word == ofx::value::kRgb) return Components::kRgb;
  if (word == ofx::value::kAlpha) return Components::kAlpha;
  return std::nullopt;
}

}  // namespace

void set_host(ofx::Host* host) { the_host = host; }

ofx::PropertySet host_properties() {
  ofx::Host* host = the_host;
  return host ? host->host : nullptr;
}

const Suites& suites() { return fetched; }

bool fetch_suites() {
  const std::lock_guard<std::mutex> lock(fetching);
  ofx::Host* host = the_host;
  if (!host || !host->fetchSuite) return false;
  if (fetched_of == host) return true;
  Suites found;
  found.property = fetch<ofx::PropertySuite>(host, ofx::suite::kProperty, 1);
  found.effect = fetch<ofx::ImageEffectSuite>(host, ofx::suite::kImageEffect, 1);
  found.parameter = fetch<ofx::ParameterSuite>(host, ofx::suite::kParameter, 1);
  found.message = fetch<ofx::MessageSuite>(host, ofx::suite::kMessage, 2);
  found.persistent = found.message != nullptr;
  if (!found.message) found.message = fetch<ofx::MessageSuite>(host, ofx::suite::kMessage, 1);
  if (!found.property || !found.effect || !found.parameter) return false;
  fetched = found;
  fetched_of = host;
  return true;
}

void check(ofx::Status status) {
  if (status != ofx::kOk) throw HostError{status};
}

std::string Properties::text(const char* name, int index) const {
  char* value = nullptr;
  const bool there =
      set_ && fetched.property->propGetString(set_, name, index, &value) == ofx::kOk && value;
  return there ? std::string(value) : std::string();
}

std::optional<int> Properties::number(const char* name, int index) const {
  int value = 0;
  if (!set_ || fetched.property->propGetInt(set_, name, index, &value) != ofx::kOk) return {};
  return value;
}

std::optional<double> Properties::real(const char* name, int index) const {
  double value = 0;
  if (!set_ || fetched.property->propGetDouble(set_, name, index, &value) != ofx::kOk) return {};
  return value;
}

void* Properties::pointer(const char* name, int index) const {
  void* value = nullptr;
  if (!set_ || fetched.property->propGetPointer(set_, name, index, &value) != ofx::kOk) {
    return nullptr;
  }
  return value;
}

int Properties::count(const char* name) const {
  int count = 0;
  if (!set_ || fetched.property->propGetDimension(set_, name, &count) != ofx::kOk) return 0;
  return count;
}

bool Properties::lists(const char* name, const std::string& value) const {
  for (int index = 0, end = count(name); index < end; ++index) {
    if (text(name, index) == value) return true;
  }
  return false;
}

void Properties::set(const char* name, const char* value, int index) const {
  if (set_) fetched.property->propSetString(set_, name, index, value);
}

void Properties::set(const char* name, int value, int index) const {
  if (set_) fetched.property->propSetInt(set_, name, index, value);
}

void Properties::set(const char* name, double value, int index) const {
  if (set_) fetched.property->propSetDouble(set_, name, index, value);
}

void Properties::set_pointer(const char* name, void* value) const {
  if (set_) fetched.property->propSetPointer(set_, name, 0, value);
}

Image::Image(ofx::Clip clip, ofx::Time time) {
  if (!clip || fetched.effect->clipGetImage(clip, time, nullptr, &handle_) != ofx::kOk) {
    handle_ = nullptr;  // at a clip's ends this is no error: black and transparent
    return;
  }
  const Properties properties(handle_);
  const auto depth = depth_of(properties.text(ofx::prop::kPixelDepth));
  const auto components = components_of(properties.text(ofx::prop::kComponents));
  int* const corners[] = {&view_.bounds.x1, &view_.bounds.y1, &view_.bounds.x2, &view_.bounds.y2};
  for (int i = 0; i < 4; ++i)
    *corners[i] = properties.number(ofx::prop::kImageBounds, i).value_or(0);
  view_.row_bytes = properties.number(ofx::prop::kImageRowBytes).value_or(0);
  pixel_aspect_ = properties.real(ofx::prop::kImagePixelAspect).value_or(1.0);
  if (!depth || !components) return;
  view_.depth = *depth;
  view_.components = *components;
  view_.data = static_cast<char*>(properties.pointer(ofx::prop::kImageData));
}

Image::~Image() {
  if (handle_) fetched.effect->clipReleaseImage(handle_);
}

std::string Image::pre_multiplication() const {
  return handle_ ? Properties(handle_).text(ofx::prop::kPreMultiplication) : std::string();
}

}  // namespace faceplate::plugin
