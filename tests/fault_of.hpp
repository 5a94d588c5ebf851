#pragma once

#include <optional>

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

}  // namespace video::test
