#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <span>
#include <unordered_set>
#include <vector>

#include "data/fields.hpp"
#include "data_here.hpp"
#include "frame/files.hpp"
#include "frame/progress.hpp"

namespace video::ctl {
namespace {

struct ImportWanted {
  std::string dump;
  std::string videos;
};

// The names of the regular files in a folder, sorted. Not through FileOpener: it must be before root gives up its
// rights.
std::vector<std::string> filesIn(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code unknown;
    if (at->symlink_status(unknown).type() == std::filesystem::file_type::regular)
      names.push_back(at->path().filename().string());
  }
  if (failed) throwFileError(folder, failed.value());
  std::sort(names.begin(), names.end());
  return names;
}

// Passes a file on from its beginning.
void passOn(const Descriptor& file, const std::string& path, const ImportSource::Take& take) {
  std::vector<std::byte> piece(1 << 20);
  for (off_t at = 0;;) {
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    const ssize_t got = ::pread(file.number(), piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ESPIPE)
      throw Error(Fault::malformed, fmt::format("{}: is read several times, so it must be a file", path));
    if (got < 0) throwFileError(path, errno);
    if (got == 0) return;
    take(std::span(piece).first(static_cast<std::size_t>(got)));
    at += got;
  }
}

int importDump(Caller& caller, ImportWanted& wanted) {
  const Target target = pickHere(caller, "data import");
  const FileOpener opener;  // before root becomes the owner of the data directory, who may not read these files
  const Descriptor dump = opener.open(wanted.dump);
  const std::filesystem::path folder = std::filesystem::absolute(wanted.videos);
  ImportSource source;
  source.files = filesIn(folder);
  source.dump = [&](const ImportSource::Take& take) { passOn(dump, wanted.dump, take); };
  source.open = [&](const std::string& name) { return opener.open(folder / name); };
  becomeDataOwner(target.settings);
  const auto toolkit = openLocal(target.settings, target.origin);
  const SignalNote note;
  Progress progress(caller.flags, "import");
  std::vector<ImportedItem> items;
  std::array<std::int64_t, Names<ImportStatus>::list.size()> counts{};
  const auto report = [&](const ImportedItem& item) {
    ++counts.at(static_cast<std::size_t>(item.status));
    items.push_back(item);
  };
  const auto show = [&](std::int64_t done) {
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    progress.show(done, 0);
  };
  std::exception_ptr failure;
  try {
    if (caller.flags.dryRun)
      toolkit->siteImport().rehearse(source, report, show);
    else
      toolkit->siteImport().run(source, report, show);
  } catch (...) {
    failure = std::current_exception();  // what was imported before it is worth knowing
  }
  progress.hide();
  caller.out.all(items);
  if (failure) std::rethrow_exception(failure);
  const auto count = [&](ImportStatus status) { return counts.at(static_cast<std::size_t>(status)); };
  caller.report(fmt::format("{} {}, {} of them renamed; {} were here, {} ended, {} skipped",
                            caller.flags.dryRun ? "would import" : "imported",
                            count(ImportStatus::imported) + count(ImportStatus::renamed), count(ImportStatus::renamed),
                            count(ImportStatus::unchanged), count(ImportStatus::ended), count(ImportStatus::skipped)));
  return count(ImportStatus::skipped) > 0 ? 3 : 0;
}

}  // namespace

void addDataImport(Commands& commands, CLI::App& noun) {
  auto verb = commands.verb<ImportWanted>(
      noun, "import",
      "Import users, videos, comments and pending deletions of the original site; what was imported before is left as "
      "it is");
  verb.option("--mysql-dump", &ImportWanted::dump,
              "file written by mysqldump or mariadb-dump, in UTF-8; times in it are taken for UTC")
      ->type_name("FILE")
      ->required();
  verb.option("--videos", &ImportWanted::videos, "folder with the site's videos, named by their IDs")
      ->type_name("DIR")
      ->required();
  verb.givesList<Page<ImportedItem>>();
  verb.rehearses();
  verb.runs(importDump);
}

}  // namespace video::ctl
