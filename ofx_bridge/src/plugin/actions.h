// The actions of the effect, each what one action of OpenFX's asks for.
#pragma once

#include "ofx/ofx.h"

namespace faceplate::plugin {

inline constexpr char kIdentifier[] = "org.faceplate.Faceplate";  // in projects, for ever
inline constexpr unsigned kVersionMajor = 1, kVersionMinor = 0;

ofx::Status describe(ofx::Effect effect);
ofx::Status describe_in_context(ofx::Effect effect);

ofx::Status clip_preferences(ofx::Effect effect, ofx::PropertySet out);
ofx::Status region_of_definition(ofx::Effect effect, ofx::PropertySet in, ofx::PropertySet out);
ofx::Status regions_of_interest(ofx::PropertySet in, ofx::PropertySet out);
ofx::Status frames_needed(ofx::PropertySet in, ofx::PropertySet out);
ofx::Status is_identity(ofx::Effect effect, ofx::PropertySet in, ofx::PropertySet out);
ofx::Status render(ofx::Effect effect, ofx::PropertySet in);

}  // namespace faceplate::plugin
