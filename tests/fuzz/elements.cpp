// Walks the elements of a Matroska file.
#include "fuzz.hpp"
#include "media_properties.hpp"

namespace {

void run(fuzz::Input in) {
  fuzz::checkProbe("video/webm", in.rest());
}

const fuzz::Target target{"elements", run};

}  // namespace
