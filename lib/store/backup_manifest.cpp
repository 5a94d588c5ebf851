#include "store/backup_manifest.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/json.hpp"
#include "os/errors.hpp"

namespace video::store {

void BackupManifest::write(const std::function<void(std::string_view)>& visit) const {
  std::string piece = toJson(head);
  piece.back() = ',';  // the list goes on in the same object
  piece += "\"files\":[";
  for (const BackupEntry& entry : files) {
    piece += &entry == files.data() ? "\n" : ",\n";
    appendJson(piece, entry);
    if (piece.size() < 64 * 1024) continue;
    visit(piece);
    piece.clear();
  }
  piece += "\n]}\n";
  visit(piece);
}

BackupManifest parseManifest(std::string_view text) {
  BackupManifest manifest;
  const auto isEntry = [](const nlohmann::json& value) { return value.is_object() && value.contains("sha256"); };
  try {
    // The files are taken out one by one: as JSON all of them together would need much more memory.
    const nlohmann::json head =
        nlohmann::json::parse(text, [&](int, nlohmann::json::parse_event_t event, nlohmann::json& value) {
          if (event != nlohmann::json::parse_event_t::object_end || !isEntry(value)) return true;
          readJson(value, "files", manifest.files.emplace_back());
          return false;
        });
    readJson(head, "manifest.json", manifest.head);
  } catch (const nlohmann::json::exception&) {
    throw Error(Fault::malformed, "manifest.json: is not what a backup writes");
  }
  if (manifest.head.format > BackupHead::latestFormat)
    throw Error(Fault::versionMismatch, fmt::format("manifest.json: format {} is newer than this program supports ({})",
                                                    manifest.head.format, BackupHead::latestFormat));
  if (std::cmp_not_equal(manifest.head.count, manifest.files.size()))
    throw Error(Fault::malformed, "manifest.json: does not list as many files as it says");
  return manifest;
}

BackupManifest readManifest(const Descriptor& file, const std::string& path) {
  struct stat is {};
  if (::fstat(file.number(), &is) != 0) os::throwErrno(errno, path);
  std::string text(static_cast<std::size_t>(is.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got = ::pread(file.number(), text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) os::throwErrno(errno, path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  try {
    return parseManifest(text);
  } catch (const Error& error) {
    throw Error(error.fault(), fmt::format("{}: {}", path, error.detail()));
  }
}

bool isPlainPath(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace video::store
