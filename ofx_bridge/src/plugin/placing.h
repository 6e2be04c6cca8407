// A frame's rows, upright and at the size of the image to draw.
#pragma once

#include <vector>

#include "plugin/compose.h"

namespace faceplate::plugin {

// Reads a picture as rows of the image; smaller images see the mean of what each pixel covers.
class Placing {
 public:
  Placing(const Picture& picture, const Placement& placement)
      : picture_(picture), placement_(placement) {}

  // Pixels x1 to x2 of row y, all channels; 0 where the picture has nothing.
  void row(int y, int x1, int x2, float* samples) const;

  // The same of an RGBA picture, over what lies under it. Where `keep_alpha`, alpha is what lies
  // under it.
  void row_over(int y, int x1, int x2, const float* under, Association association, bool keep_alpha,
                float* rgba) const;

 private:
  // Those of x1 to x2 that the picture has something for; empty where it has nothing in this row.
  void covered(int y, int x1, int x2, int* begin, int* end) const;
  void average(int y, int x, float* samples) const;
  const float* exact(int x, int y) const;

  const Picture& picture_;
  Placement placement_;
};

// Makes every sample the greatest (or the least) within `radius` pixels, across and up.
void grow(std::vector<float>& plane, int width, int height, int radius, bool greatest);

}  // namespace faceplate::plugin
