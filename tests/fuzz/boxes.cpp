// Walks the boxes of an mp4 or mov file.
#include "fuzz.hpp"
#include "media_properties.hpp"

namespace {

void run(fuzz::Input in) {
  fuzz::checkProbe("video/mp4", in.rest());
}

const fuzz::Target target{"boxes", run};

}  // namespace
