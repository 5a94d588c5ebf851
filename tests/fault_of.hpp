#pragma once

#include <optional>
#include <stdexcept>

#include "base/error.hpp"

namespace video::test {

/// Returns the fault of the Error that `work` throws, or nothing if it succeeds.
template <class Work>
std::optional<Fault> faultOf(Work&& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error.fault();
  }
}

/// Returns the Error that `work` throws, and throws another exception if it succeeds.
template <class Work>
Error errorOf(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::runtime_error("no Error was thrown");
}

}  // namespace video::test
