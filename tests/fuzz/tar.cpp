#include "base/tar.hpp"

#include <optional>

#include "base/error.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

struct Archived {
  std::string files;  // paths, sizes and bytes
  bool isWhole = false;
};

// Returns what an archive contains, or nothing if it is refused.
std::optional<Archived> read(const std::vector<std::string_view>& pieces) {
  Archived archived;
  std::uint64_t size = 0;
  std::uint64_t came = 0;
  TarReader reader({[&](const TarEntry& entry) {
                      size = entry.size;
                      came = 0;
                      archived.files += entry.path + '\n' + std::to_string(size) + '\n';
                    },
                    [&](std::span<const std::byte> bytes) {
                      came += bytes.size();
                      archived.files.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                    },
                    [&] { holds(came == size, "a file has the size that its header says"); }});
  try {
    for (const std::string_view piece : pieces) reader.add(std::as_bytes(std::span(piece)));
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed, "a refusal is malformed", error.detail());
    return std::nullopt;
  }
  try {
    reader.finish();
    archived.isWhole = true;
  } catch (const Error&) {
  }
  return archived;
}

void run(fuzz::Input in) {
  const std::uint32_t seed = in.word();
  const std::string archive = in.rest();
  const auto whole = read({archive});
  const auto parts = read(fuzz::cut(archive, seed));
  holds(whole.has_value() == parts.has_value(), "an archive is read the same in any pieces");
  if (!whole) return;
  holds(whole->files == parts->files && whole->isWhole == parts->isWhole, "an archive is read the same in any pieces");
}

const fuzz::Target target{"tar", run};

}  // namespace
