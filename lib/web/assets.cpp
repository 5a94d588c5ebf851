#include "web/assets.hpp"

#include <algorithm>

namespace video::web {

const Asset* findAsset(std::string_view name) {
  const auto found = std::find_if(assets().begin(), assets().end(), [&](const Asset& one) { return one.name == name; });
  return found == assets().end() ? nullptr : &*found;
}

}  // namespace video::web
