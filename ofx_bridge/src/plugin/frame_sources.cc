// The connections of this binary, which all instances share: hosts make instances by the frame.

#include <map>
#include <mutex>

#include "base/connection.h"
#include "plugin/engine_frames.h"

namespace faceplate::plugin {
namespace {

struct Sources {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<EngineFrames>> by_path;
};

// Made with the first question, not while a host loads the binary.
Sources& sources() {
  static Sources made;
  return made;
}

}  // namespace

std::shared_ptr<FrameSource> frame_source(const std::string& connection) {
  Sources& all = sources();
  const std::string path = connection.empty() ? default_path() : connection;
  const std::lock_guard<std::mutex> lock(all.mutex);
  auto& source = all.by_path[path];
  if (!source) source = std::make_shared<EngineFrames>(path);
  return source;
}

void close_frame_sources() {
  Sources& all = sources();
  std::map<std::string, std::shared_ptr<EngineFrames>> closing;
  {
    const std::lock_guard<std::mutex> lock(all.mutex);
    closing.swap(all.by_path);
  }
  for (const auto& [path, source] : closing) source->close();
}

void purge_frame_sources() {
  Sources& all = sources();
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (const auto& [path, source] : all.by_path) source->purge();
}

}  // namespace faceplate::plugin
