#include "site_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/errors.hpp"
#include "os/files.hpp"

namespace video::ctl {
namespace {

constexpr std::string_view jsonEnd = ".json";
constexpr std::size_t mostJson = 1 << 20;
constexpr const char* partName = ".videoctl.part";

}  // namespace

ExportedFolder::ExportedFolder(const Descriptor& parent, const std::string& name) : name_(name) {
  os::FileSystem& files = os::systemFiles();
  os::makeFolder(files, parent.number(), name);
  folder_ = os::openFolder(files, parent.number(), name);
  for (const std::string& file : os::listNames(files, folder_.number(), name)) {
    names_.insert(foldedCase(repairedUtf8(file)));
    if (!file.ends_with(jsonEnd)) continue;
    const auto text = read(file, mostJson);
    const auto json = nlohmann::json::parse(text.value_or(""), nullptr, false);
    if (!json.is_object() || !json.contains("id") || !json["id"].is_string()) continue;
    const auto sha256 = json.find("sha256");
    known_.insert_or_assign(json["id"].get<std::string>(),
                            Known{file.substr(0, file.size() - jsonEnd.size()),
                                  sha256 != json.end() && sha256->is_string() ? sha256->get<std::string>() : ""});
  }
}

std::optional<ExportedFolder::Known> ExportedFolder::find(const std::string& id) const {
  const auto found = known_.find(id);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::string ExportedFolder::begin(const std::string& stem, const std::string& extension, std::string_view bytes) {
  for (int number = 1;; ++number) {
    const std::string one = number == 1 ? stem : fmt::format("{} ({})", stem, number);
    const std::string folded = foldedCase(one);
    if (names_.contains(folded + std::string(jsonEnd)) || names_.contains(foldedCase(one + extension))) continue;
    const auto fill = [&](int file) { os::writeAll(os::systemFiles(), file, bytes, name_); };
    // A file system may know more names for the same than we do.
    if (!place(one + std::string(jsonEnd), fill, true)) continue;
    names_.insert(folded + std::string(jsonEnd));
    names_.insert(foldedCase(one + extension));
    return one;
  }
}

std::optional<std::uint64_t> ExportedFolder::sizeOf(const std::string& name) const {
  struct stat is {};
  if (::fstatat(folder_.number(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode))
    return std::nullopt;
  return static_cast<std::uint64_t>(is.st_size);
}

bool ExportedFolder::put(const std::string& name, std::string_view bytes) {
  if (sizeOf(name) == bytes.size() && read(name, bytes.size()) == bytes) return false;
  write(name, [&](int file) { os::writeAll(os::systemFiles(), file, bytes, name); });
  return true;
}

void ExportedFolder::write(const std::string& name, const std::function<void(int file)>& fill) {
  place(name, fill, false);
}

// Returns false if it is to be a new file and the name is taken.
bool ExportedFolder::place(const std::string& name, const std::function<void(int file)>& fill, bool isNew) {
  os::FileSystem& files = os::systemFiles();
  os::removeFile(files, folder_.number(), partName);  // of a run that was killed
  const Descriptor file = os::makeFile(files, folder_.number(), partName, O_WRONLY);
  if (!file) throw Error(Fault::busy, fmt::format("{}: another export is running", name_));
  try {
    fill(file.number());
    os::sync(files, file.number(), name);
    if (isNew && ::faccessat(folder_.number(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      os::removeFile(files, folder_.number(), partName);
      return false;
    }
    const int error = os::tryPlaceFile(files, folder_.number(), partName, name);
    if (error != 0) os::throwFileError(name_ + '/' + name, error);
  } catch (...) {
    files.unlinkat(folder_.number(), partName);
    throw;
  }
  return true;
}

std::optional<std::string> ExportedFolder::read(const std::string& name, std::size_t most) const {
  const Descriptor file = os::openIfThere(os::systemFiles(), folder_.number(), name, O_RDONLY | O_NONBLOCK);
  if (!file) return std::nullopt;
  std::string bytes(most + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

}  // namespace video::ctl
