#include "plugin/receipts.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>

namespace faceplate::plugin {

bool is_job(const std::string& take) {
  return take.size() == 16 && std::all_of(take.begin(), take.end(), [](unsigned char c) {
           return std::isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

bool is_here(const std::string& take) {
  struct stat found;
  return ::stat((take + "/receipts").c_str(), &found) == 0;
}

std::optional<Stamp> stamp_of(const std::string& take, std::int64_t frame) {
  struct stat found;
  const std::string path = take + "/receipts/" + std::to_string(frame) + ".json";
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
#if defined(__linux__)
  const std::int64_t nanoseconds = found.st_mtim.tv_nsec;
#else
  const std::int64_t nanoseconds = 0;
#endif
  return Stamp{found.st_mtime, nanoseconds, found.st_size, found.st_ino};
}

}  // namespace faceplate::plugin
