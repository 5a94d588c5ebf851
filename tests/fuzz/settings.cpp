#include "settings/settings.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

void run(fuzz::Input in) {
  static const int file = ::memfd_create("videod.toml", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  const std::string text = in.rest();
  holds(::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
        "the file is written");
  try {
    holds(!showSettings(loadSettings(path)).empty(), "the settings in force can be shown", text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a file is refused as malformed", error.what());
    holds(isUtf8(error.what()) || !isUtf8(text), "the refusal of a UTF-8 file is UTF-8", error.what());
  }
  try {
    checkAddress("address", text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "an address is refused as malformed", error.what());
  }
}

const fuzz::Target target{"settings", run};

}  // namespace
