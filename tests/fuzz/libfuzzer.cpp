// The function that libFuzzer calls; linked with one target.
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Target::all().front()->run(fuzz::Input({reinterpret_cast<const char*>(data), size}));
  return 0;
}
