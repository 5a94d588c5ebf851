#include "http/tus.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video::http;

namespace {

void run(fuzz::Input in) {
  const bool isChecksum = (in.byte() & 1) != 0;
  const std::string header = in.rest();
  try {
    if (isChecksum) {
      const auto [function, hex] = tus::readChecksum(header);
      holds(tus::readChecksum(tus::writeChecksum(function, hex)) == std::pair(function, hex),
            "a checksum that was accepted is written and read again", header);
      return;
    }
    const tus::Metadata pairs = tus::readMetadata(header);
    for (auto one = pairs.begin(); one != pairs.end(); ++one) {
      holds(!one->first.empty(), "a key is not empty", header);
      holds(std::all_of(one->first.begin(), one->first.end(), [](char c) { return c > ' ' && c < 0x7f && c != ','; }),
            "a key is printable ASCII", header);
      holds(std::none_of(pairs.begin(), one, [&](const auto& other) { return other.first == one->first; }),
            "a key occurs once", header);
    }
    holds(tus::readMetadata(tus::writeMetadata(pairs)) == pairs, "what was accepted is written and read again", header);
  } catch (const video::Error& error) {
    holds(error.fault() == video::Fault::malformed && !error.detail().empty(), "a refusal says why", header);
  }
}

const fuzz::Target target{"tus", run};

}  // namespace
