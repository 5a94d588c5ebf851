#include "media/sniff.hpp"

#include "fuzz.hpp"

using fuzz::holds;

namespace {

void run(fuzz::Input in) {
  const std::string front = in.rest();
  const auto kind = video::media::sniff(front);
  if (!kind) return;
  holds(kind->type.starts_with("video/"), "only videos are recognised", kind->type);
  holds(!kind->extension.empty(), "a kind has an extension", kind->type);
  for (const char c : kind->extension)
    holds((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'), "an extension is valid in a file name", kind->extension);
}

const fuzz::Target target{"sniff", run};

}  // namespace
