#pragma once

#include <optional>

#include "base/error.hpp"

namespace video::test {

/// The fault that `work` ends with; nothing where it ends well.
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
