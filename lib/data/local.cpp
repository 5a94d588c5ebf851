#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/units.hpp"
#include "data/check.hpp"
#include "data/export.hpp"
#include "data/make.hpp"
#include "data/rows.hpp"
#include "deletions/rows.hpp"
#include "observe/log.hpp"
#include "os/priority.hpp"
#include "store/backup_reader.hpp"
#include "store/backup_writer.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/folder_filler.hpp"
#include "store/schema.hpp"

namespace video {
namespace {

BackupProblem problemOf(const store::BackupFinding& finding) {
  return {finding.kind, finding.path, finding.detail};
}

class LocalData : public Data {
 public:
  LocalData(const std::filesystem::path& path, std::string_view origin, const store::StoreOptions& store,
            std::chrono::milliseconds deletionDelay)
      : path_(path), origin_(origin), store_(store), deletionDelay_(deletionDelay) {}

  DataState init() override {
    const bool stands = std::filesystem::exists(path_ / "video.db");
    store::DataDirectory::create(path_, *store_.files, store_.freeSpaceFloor);
    const auto directory = open(store::Hold::shared);
    if (const std::string& risk = directory->risk(); !risk.empty()) observe::warning(risk);
    const std::int64_t schema = store::schemaOf(*directory);
    if (schema > store::latestSchema()) store::requireSchema(directory->databasePath(), schema);
    return {path_.string(), schema, stands ? schema : 0};
  }

  DataState migrate(const DataProgress& progress) override {
    const auto directory = open(store::Hold::exclusive);
    const store::Migrated done =
        store::migrate(*directory, store::migrations(), [&](const store::MigrationState& state) {
          if (progress) progress(state.step, state.steps);
        });
    deleteRevivedUsers(directory, store_);
    return {path_.string(), done.now, done.before};
  }

  void rotateKey() override { open(store::Hold::shared)->signingKey().rotate(); }

  BackupReport backup(const std::filesystem::path& to, const std::function<void()>& becomeOwner,
                      const DataProgress& progress, const Problems& problems) override {
    store::requireOutside(path_, to);
    store::BackupFolder folder(*store_.files, to, otherOwner());
    becomeOwner();
    const auto directory = open(store::Hold::shared);
    const auto sink = store::makeFolderSink(folder);
    return run(*directory, *sink, folder.path().string(), progress, problems);
  }

  BackupReport backup(const Write& write, const DataProgress& progress, const Problems& problems) override {
    const auto directory = open(store::Hold::shared);
    const auto now = std::chrono::floor<std::chrono::seconds>(systemClock().now()).time_since_epoch().count();
    const std::string name = "videod-" + store::backupNameOf(now);
    const auto sink = store::makeTarSink(*directory, name, write);
    return run(*directory, *sink, "-", progress, problems);
  }

  BackupReport verify(const std::filesystem::path& set, const DataProgress& progress,
                      const Problems& problems) override {
    return reportOf(set.string(), store::verifyBackup(set, progress), problems);
  }

  BackupReport verify(const std::function<void(const Write&)>& archive, const Problems& problems) override {
    return reportOf("-", store::verifyBackupArchive(archive), problems);
  }

  RestoreReport restore(const std::function<Descriptor(const std::string& path)>& openInSet, bool revokeTokens,
                        const DataProgress& progress) override {
    const store::BackupRestored done = store::restoreBackup(
        openInSet, path_, {systemClock().now(), deletionDelay_, revokeTokens, store_.freeSpaceFloor}, progress,
        *store_.files);
    RestoreReport report;
    report.schema = done.head.schema;
    report.isOlder = done.head.schema < store::latestSchema();
    report.time = done.head.time;
    report.files = done.head.count;
    report.bytes = done.head.bytes;
    report.sessions = done.sessions;
    report.deletions = done.deletions;
    report.tokensRevoked = done.tokensRevoked;
    for (const store::RevivedToken& token : done.tokens) {
      RestoredToken one{{token.id}, token.userName, token.label, token.scope, {}};
      if (token.expires) one.expires = *token.expires;
      report.tokens.push_back(std::move(one));
    }
    for (const store::BackupFinding& finding : done.problems) report.problems.push_back(problemOf(finding));
    return report;
  }

  ContentChanges changes(std::int64_t cursor, std::int64_t most) override {
    if (!database_) {
      store::StoreOptions options = store_;
      options.mapped = 0;
      database_ = std::make_unique<store::Database>(open(store::Hold::shared), options);
    }
    const auto found =
        database_->read([&](store::Reader& reader) { return rows::listContentChanges(reader, cursor, most); });
    ContentChanges changes;
    changes.next = found.empty() ? cursor : found.back().number;
    changes.isLast = std::cmp_less(found.size(), most);
    const int folder = database_->directory().descriptor();
    for (const rows::ContentChange& change : found)
      if (::faccessat(folder, change.path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        changes.paths.push_back(change.path);
    return changes;
  }

  void check(const CheckData& wanted, const std::function<void(const Finding&)>& found,
             const DataProgress& progress) override {
    const auto directory = open(wanted.repair ? store::Hold::exclusive : store::Hold::shared);
    store::requireSchema(directory->databasePath(), store::schemaOf(*directory));
    checkDirectory(directory, wanted, deletionDelay_, found, progress);
  }

  void exportTo(const ExportData& wanted, int folder, const std::function<void(const ExportedVideo&)>& each,
                const DataProgress& progress) override {
    exportDirectory(open(store::Hold::shared), wanted, folder, each, progress);
  }

 private:
  std::shared_ptr<store::DataDirectory> open(store::Hold hold) const {
    return store::DataDirectory::open(path_, hold, origin_, store_.lockTimeout, *store_.files);
  }

  // Whom the set shall belong to if that is not who runs this.
  std::optional<store::BackupFolder::Owner> otherOwner() const {
    struct stat is {};
    if (::geteuid() != 0 || ::stat(path_.c_str(), &is) != 0 || is.st_uid == 0) return std::nullopt;
    return store::BackupFolder::Owner{is.st_uid, is.st_gid};
  }

  BackupReport run(store::DataDirectory& directory, store::BackupSink& sink, const std::string& path,
                   const DataProgress& progress, const Problems& problems) const {
    os::lowerPriority(os::lowest, true);
    store::BackupWriter writer(directory, sink, systemClock(), store_.lockTimeout, [&](std::uint64_t bytes) {
      if (store_.freeSpaceFloor == 0 || directory.freeSpace() >= store_.freeSpaceFloor + bytes) return;
      throw Error(Fault::diskFull,
                  fmt::format("a backup here would leave less than {} free (storage.free_space_floor): back up to "
                              "another disk",
                              formatSize(store_.freeSpaceFloor)));
    });
    const store::BackupWriter::Tally& tally = writer.tally();
    for (std::size_t said = 0; writer.step();) {
      for (; said < tally.problems.size(); ++said) problems(problemOf(tally.problems[said]));
      if (progress) progress(tally.bytes, tally.bytesOfAll);
    }
    return {path, tally.time, tally.schema, tally.files, tally.reused, tally.bytes, std::ssize(tally.problems)};
  }

  static BackupReport reportOf(const std::string& path, const store::BackupVerified& verified,
                               const Problems& problems) {
    for (const store::BackupFinding& finding : verified.problems) problems(problemOf(finding));
    const store::BackupHead& head = verified.head;
    return {path, head.time, head.schema, head.count, 0, head.bytes, std::ssize(verified.problems)};
  }

  // The migration is done, whatever becomes of this; a daemon does it at its start, too.
  static void deleteRevivedUsers(const std::shared_ptr<store::DataDirectory>& directory,
                                 const store::StoreOptions& store) try {
    store::Database database(directory, store);
    rows::deleteRevivedUsers(database, systemClock().now());
  } catch (const Error& error) {
    observe::warning("deleted users: cannot be looked up in the database", {{"error", error.what()}});
  }

  std::filesystem::path path_;
  std::string origin_;
  store::StoreOptions store_;
  std::chrono::milliseconds deletionDelay_;
  std::unique_ptr<store::Database> database_;
};

}  // namespace

std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    const store::StoreOptions& store, std::chrono::milliseconds deletionDelay) {
  return std::make_unique<LocalData>(path, origin, store, deletionDelay);
}

}  // namespace video
