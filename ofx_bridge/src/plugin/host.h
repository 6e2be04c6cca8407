// The host: its suites, its properties, its images.
//
// Rules of this file:
//   - A text of the host's lives until the next call: it is copied at once.
//   - What a host does not have is the caller's default, never an error.
//   - Every image that was fetched is released, once, before the action ends.
#pragma once

#include <optional>
#include <string>

#include "ofx/ofx.h"
#include "plugin/pixels.h"

namespace faceplate::plugin {

struct Suites {
  const ofx::PropertySuite* property = nullptr;
  const ofx::ImageEffectSuite* effect = nullptr;
  const ofx::ParameterSuite* parameter = nullptr;
  const ofx::MessageSuite* message = nullptr;  // null where the host has none
  bool persistent = false;                     // whether `message` is of version 2
};

void set_host(ofx::Host* host);
ofx::PropertySet host_properties();
const Suites& suites();

// Fetches the suites; false where a mandatory one is missing. A second time does nothing.
bool fetch_suites();

// What a host did wrong, or has not; ends the action with its status.
struct HostError {
  ofx::Status status;
};

void check(ofx::Status status);

// A set of properties of the host's, or none: then nothing is there, and nothing is set.
class Properties {
 public:
  explicit Properties(ofx::PropertySet set) : set_(set) {}
  explicit operator bool() const { return set_ != nullptr; }

  std::string text(const char* name, int index = 0) const;
  std::optional<int> number(const char* name, int index = 0) const;
  std::optional<double> real(const char* name, int index = 0) const;
  void* pointer(const char* name, int index = 0) const;
  int count(const char* name) const;
  bool lists(const char* name, const std::string& value) const;  // among its texts

  // Hosts differ in what optional properties they know: a refusal is no error.
  void set(const char* name, const char* value, int index = 0) const;
  void set(const char* name, int value, int index = 0) const;
  void set(const char* name, double value, int index = 0) const;
  void set_pointer(const char* name, void* value) const;

 private:
  ofx::PropertySet set_;
};

// An image of a clip at a time, released with the object.
class Image {
 public:
  Image(ofx::Clip clip, ofx::Time time);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  // Without data where the host has no image then, or one of a type that is not ours.
  const View& view() const { return view_; }
  double pixel_aspect() const { return pixel_aspect_; }
  std::string pre_multiplication() const;

 private:
  ofx::PropertySet handle_ = nullptr;
  View view_;
  double pixel_aspect_ = 1.0;
};

}  // namespace faceplate::plugin
