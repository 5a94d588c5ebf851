#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "data/fields.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/progress.hpp"
#include "frame/prompt.hpp"

namespace video::ctl {
namespace {

// Opens the data directory itself, which needs direct mode.
std::unique_ptr<Data> openHere(Caller& caller, std::string_view command) {
  if (!caller.flags.server.empty() || !caller.flags.context.empty())
    throw Usage(fmt::format("{}: only works on a data directory of this machine, not on a server", command));
  const Target target = pickLocal(caller.flags, true);
  if (caller.flags.verbose) say(fmt::format("direct {}", target.address));
  becomeDataOwner(target.settings);
  return openData(target.settings, target.origin);
}

// Shows a progress line on a terminal.
DataProgress shownBy(Progress& progress) {
  return [&progress](std::string_view, std::int64_t done, std::int64_t all) { progress.show(done, all); };
}

int checkData(Caller& caller, CheckData& wanted) {
  constexpr int problems = 10;
  CheckData check = wanted;
  if (caller.flags.dryRun) check.repair = false;  // a check says what a repair would do
  const std::unique_ptr<Data> data = openHere(caller, "data check");
  if (check.repair)
    confirm(caller.flags, "data check --repair", fmt::format("Repair {}?", pickLocal(caller.flags, true).address));
  std::vector<Finding> findings;
  {
    Progress progress(caller.flags, "check");
    data->check(
        check, [&](const Finding& finding) { findings.push_back(finding); }, shownBy(progress));
  }
  caller.out.all(findings);
  const auto isLeft = [](const Finding& finding) {
    return finding.state == FindingState::found || finding.state == FindingState::failed;
  };
  const auto left = std::count_if(findings.begin(), findings.end(), isLeft);
  const auto repaired = std::count_if(findings.begin(), findings.end(),
                                      [](const Finding& finding) { return finding.state == FindingState::repaired; });
  caller.report(check.repair ? fmt::format("data: {} found, {} repaired", left + repaired, repaired)
                             : fmt::format("data: {} found", left));
  return left > 0 ? problems : 0;
}

struct ExportSite : ExportData {
  std::string to;
};

// Opens the folder, which is made if it is missing: for the owner of the data directory, as whom root goes on.
Descriptor openExportFolder(const std::filesystem::path& path, const std::filesystem::path& data) {
  std::error_code problem;
  if (std::filesystem::create_directories(path, problem)) {
    struct stat owner {};
    if (::stat(data.c_str(), &owner) == 0 && ::geteuid() == 0 && ::chown(path.c_str(), owner.st_uid, owner.st_gid) != 0)
      throwFileError(path, errno);
  }
  if (problem) throwFileError(path, problem.value());
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throwFileError(path, errno);
  return folder;
}

int exportData(Caller& caller, const ExportSite& wanted) {
  constexpr int someFailed = 3;
  if (!caller.flags.server.empty() || !caller.flags.context.empty())
    throw Usage("data export: only works on a data directory of this machine, not on a server");
  const Descriptor folder = openExportFolder(wanted.to, pickLocal(caller.flags, true).settings.dataDirectory);
  const std::unique_ptr<Data> data = openHere(caller, "data export");
  if (::faccessat(folder.number(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    throw Error(Fault::forbidden,
                fmt::format("{}: the owner of the data directory may not write to this folder", wanted.to));
  std::map<ExportOutcome, int> counts;
  caller.out.beginResults();
  {
    Progress progress(caller.flags, "export");
    const auto each = [&](const ExportedVideo& video) {
      ++counts[video.outcome];
      if (video.outcome == ExportOutcome::unchanged) return;
      progress.hide();
      Result result{std::string(nameOf(video.outcome)), video.id.text, video.path, {}};
      if (!video.detail.empty()) result.detail = video.detail;
      caller.out.result(result);
      if (!video.detail.empty()) say(fmt::format("video {}: {}", video.id.text, video.detail));
    };
    data->exportTo(wanted, folder.number(), each, shownBy(progress));
  }
  caller.out.endResults();
  caller.report(fmt::format("data: {} exported, {} updated, {} moved, {} unchanged, {} failed",
                            counts[ExportOutcome::exported], counts[ExportOutcome::updated],
                            counts[ExportOutcome::moved], counts[ExportOutcome::unchanged],
                            counts[ExportOutcome::failed]));
  return counts[ExportOutcome::failed] > 0 ? someFailed : 0;
}

struct ImportSite {
  std::string dump;
  std::string videos;
  std::string site = ImportOptions{}.site;
};

// What the caller may read, before root becomes the owner of the data directory; the rest a child process opens.
class ImportedFiles {
 public:
  explicit ImportedFiles(const ImportSite& wanted)
      : videos_(wanted.videos), dumpName_(wanted.dump), dump_(opener_.open(wanted.dump)) {
    struct stat is {};
    if (::fstat(dump_.number(), &is) != 0 || !S_ISREG(is.st_mode))
      throw Error(Fault::malformed, fmt::format("{}: is not a file that can be read several times", wanted.dump));
    std::error_code problem;
    for (std::filesystem::directory_iterator entry(videos_, problem), end; !problem && entry != end;
         entry.increment(problem))
      names_.push_back(entry->path().filename().string());
    if (problem) throwFileError(videos_, problem.value());
    std::sort(names_.begin(), names_.end());
  }

  ImportFiles files() {
    return {[this](std::uint64_t offset, std::span<char> to) {
              const ssize_t got = ::pread(dump_.number(), to.data(), to.size(), static_cast<off_t>(offset));
              if (got < 0) throwFileError(dumpName_, errno);
              return static_cast<std::size_t>(got);
            },
            [this](const std::string& name) -> std::optional<ByteSource> {
              if (!std::binary_search(names_.begin(), names_.end(), name)) return std::nullopt;
              content_ = opener_.open(videos_ / name);
              return sourceOf(content_, (videos_ / name).string());
            },
            [this] { return names_; }};
  }

 private:
  const FileOpener opener_;
  const std::filesystem::path videos_;
  const std::string dumpName_;
  const Descriptor dump_;
  std::vector<std::string> names_;
  Descriptor content_;  // the one that is read
};

int importData(Caller& caller, const ImportSite& wanted) {
  constexpr int someFailed = 3;
  if (!caller.flags.server.empty() || !caller.flags.context.empty())
    throw Usage("data import: only works on a data directory of this machine, not on a server");
  ImportedFiles files(wanted);
  const Target target = pickLocal(caller.flags, true);
  openHere(caller, "data import")->init();
  const std::unique_ptr<LocalToolkit> toolkit = openLocal(target.settings, target.origin);
  ImportOptions options;
  options.site = wanted.site;
  options.visibility = target.settings.videos.visibility;
  options.deletionDelay = target.settings.deletions.delay;
  std::vector<ImportedThing> things;
  ImportTotals totals;
  {
    Progress progress(caller.flags, "import");
    totals = toolkit->dataImport().run(
        files.files(), options, [&](const ImportedThing& thing) { things.push_back(thing); }, shownBy(progress));
  }
  caller.out.all(things);
  caller.report(
      fmt::format("data: imported {} users, {} videos, {} comments; {} were imported before, {} skipped, {} "
                  "failed",
                  totals.users, totals.videos, totals.comments, totals.before, totals.skipped, totals.failed));
  return totals.skipped + totals.failed > 0 ? someFailed : 0;
}

}  // namespace

void addData(Commands& commands) {
  CLI::App& noun =
      commands.noun("data", "The data directory itself",
                    {{"Create a data directory", "videoctl --data-dir /srv/videos data init"},
                     {"Migrate it to the current schema", "videoctl --data-dir /srv/videos data migrate"},
                     {"Check it, while the daemon goes on", "videoctl --data-dir /srv/videos data check"},
                     {"Copy all videos out of it", "videoctl --data-dir /srv/videos data export /srv/videos-copy"},
                     {"Invalidate all signed links", "videoctl --data-dir /srv/videos data rotate-key"}});

  auto init = commands.verb<NoWords>(noun, "init", "Create a data directory in a new or empty folder");
  init.givesOne<DataState>();
  init.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] { return openHere(caller, "data init")->init(); });
    return 0;
  });

  auto rotate = commands.verb<NoWords>(noun, "rotate-key", "Replace the signing key; all signed links stop working");
  rotate.runs([](Caller& caller, NoWords&) {
    openHere(caller, "data rotate-key")->rotateKey();
    caller.report("replaced the signing key; all earlier signed links are invalid");
    return 0;
  });

  auto migrate = commands.verb<NoWords>(noun, "migrate", "Migrate the database to the schema of this version");
  migrate.givesOne<DataState>();
  migrate.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] {
      Progress progress(caller.flags, "migrate");
      return openHere(caller, "data migrate")->migrate(shownBy(progress));
    });
    return 0;
  });

  auto check = commands.verb<CheckData>(
      noun, "check", "Compare rows and files; exit with status 10 if something is wrong and not repaired");
  check.flag("--hash", &CheckData::hash, "also compare contents with their SHA-256, which reads all of them");
  check.flag("--repair", &CheckData::repair,
             "repair what can be repaired, while no daemon runs; moves to lost+found and deletes nothing");
  check.rehearses();
  check.givesList<Page<Finding>>();
  check.runs(checkData);

  auto exported = commands.verb<ExportSite>(
      noun, "export", "Copy all videos to a folder, with JSON, subtitles and comments; what is there already stays");
  exported.option("DIR", &ExportSite::to, "folder, which is made if it is missing")->required();
  exported.option("--user", &ExportData::user, "only the videos of this user");
  exported.givesResults();
  exported.runs(exportData);

  auto imported = commands.verb<ImportSite>(
      noun, "import", "Import users, videos and comments from a dump of the MySQL database of the original site");
  imported.option("--mysql-dump", &ImportSite::dump, "file that mysqldump has written")->required();
  imported.option("--videos", &ImportSite::videos, "folder of the contents, whose files are named after the videos")
      ->required();
  imported.option("--site", &ImportSite::site,
                  "name for the other site (default: original); import a second one under another name");
  imported.givesList<Page<ImportedThing>>();
  imported.runs(importData);
}

}  // namespace video::ctl
