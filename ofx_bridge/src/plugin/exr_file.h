// Float RGBA as an OpenEXR file: scanlines, uncompressed, one part.
#pragma once

#include <string>

namespace faceplate::plugin {

// `rgba` has the top row first. The file says that it came through OFX.
std::string exr_file(const float* rgba, int width, int height, double pixel_aspect);

}  // namespace faceplate::plugin
