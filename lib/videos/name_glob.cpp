#include "videos/name_glob.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace video {

std::string nameGlob(std::string_view pattern) {
  constexpr int most = 8;
  checkText("name", pattern, 1, 200);
  std::string glob(pattern);
  int costly = 0;
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] != '*' && glob[i] != '[') continue;
    if (++costly > most)
      throw Error(Fault::malformed, fmt::format("name: has more than {} of * and [ in its pattern", most));
    if (glob[i] == '*') continue;
    // A set ends at the first ] that is not its first character.
    ++i;
    if (i < glob.size() && (glob[i] == '!' || glob[i] == '^')) glob[i++] = '^';
    i = glob.find(']', i + 1);
    if (i == std::string::npos) break;
  }
  return glob;
}

}  // namespace video
