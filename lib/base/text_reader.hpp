#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"

namespace video {

/// Returns a reader of a text, which several threads may use at once.
std::shared_ptr<ContentReader> readerOf(std::string text);

}  // namespace video
