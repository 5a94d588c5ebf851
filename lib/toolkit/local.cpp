#include <fmt/format.h>

#include "access/access.hpp"
#include "comments/make.hpp"
#include "contents/make.hpp"
#include "data/make.hpp"
#include "deletions/make.hpp"
#include "exports/make.hpp"
#include "observe/log.hpp"
#include "observe/notify.hpp"
#include "renditions/make.hpp"
#include "reports/make.hpp"
#include "schedule/schedule.hpp"
#include "server/make.hpp"
#include "sessions/make.hpp"
#include "shares/make.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/held_files.hpp"
#include "store/purge_clock.hpp"
#include "store/schema.hpp"
#include "subtitles/make.hpp"
#include "tasks/make.hpp"
#include "tokens/make.hpp"
#include "toolkit/toolkit.hpp"
#include "uploads/make.hpp"
#include "users/make.hpp"
#include "videos/make.hpp"
#include "views/make.hpp"

namespace video {
namespace {

// systemd would end a daemon that takes long to become ready.
void tellMigration(const store::MigrationState& state) {
  const std::string text = state.steps == 0
                               ? fmt::format("migrating: {}", state.doing)
                               : fmt::format("migrating, step {} of {}: {}", state.step, state.steps, state.doing);
  observe::notifyStarting(text, std::chrono::minutes{1});
  if (state.isNew) observe::info(text);
}

std::shared_ptr<store::DataDirectory> openDirectory(const Settings& settings, std::string_view origin, bool migrate) {
  const auto open = [&](store::Hold hold) {
    return store::DataDirectory::open(settings.dataDirectory, hold, origin, settings.store.lockTimeout,
                                      *settings.store.files);
  };
  if (!migrate) return open(store::Hold::shared);
  store::DataDirectory::create(settings.dataDirectory, *settings.store.files, settings.store.freeSpaceFloor);
  auto directory = open(store::Hold::shared);
  if (store::schemaOf(*directory) >= store::latestSchema()) return directory;
  directory.reset();
  directory = open(store::Hold::exclusive);
  store::migrate(*directory, store::migrations(), tellMigration);
  directory->share();
  return directory;
}

// A single command should use little memory for a long list, so it maps no database file.
store::StoreOptions optionsFor(store::StoreOptions options, bool isDaemon) {
  if (!isDaemon) options.mapped = 0;
  return options;
}

class DirectoryToolkit : public LocalToolkit {
 public:
  DirectoryToolkit(const Settings& settings, std::string_view origin, bool migrate)
      : freeSpaceFloor_(settings.store.freeSpaceFloor),
        directory_(openDirectory(settings, origin, migrate)),
        database_(directory_, optionsFor(settings.store, migrate)),
        blobs_(directory_),
        purgeClock_(*directory_, systemClock()),
        access_(database_, settings.access, systemClock()),
        users_(makeLocalUsers(database_, access_, settings.users)),
        sessions_(makeLocalSessions(database_, access_)),
        tokens_(makeLocalTokens(database_, access_)),
        videos_(makeLocalVideos(database_, blobs_, access_, settings.videos,
                                {settings.deletions.delay, [this] { deletions_->wake(); }, purgeClock_}, migrate)),
        renditions_(makeLocalRenditions(database_, blobs_, access_, settings.renditions)),
        uploads_(
            makeLocalUploads(database_, blobs_, access_, *videos_, settings.uploads, [this] { deletions_->wake(); })),
        subtitles_(makeLocalSubtitles(database_, access_, settings.subtitles)),
        shares_(makeLocalShares(database_, access_, settings.shares)),
        comments_(makeLocalComments(database_, access_, settings.comments)),
        views_(makeLocalViews(database_, access_)),
        reports_(makeLocalReports(database_, access_, settings.reports)),
        contents_(makeLocalContents(database_, access_)),
        deletions_(makeLocalDeletions(database_, blobs_, access_, purgeClock_, settings.deletions)),
        exports_(makeLocalExports(database_, blobs_, access_, migrate)),
        tasks_(makeLocalTasks(database_, blobs_, access_, *deletions_, *videos_, *exports_, *renditions_, purgeClock_,
                              settings.tasks)),
        dataImport_(makeDataImport(database_, *uploads_, settings.access)),
        server_(makeLocalServer(access_)) {
    if (!migrate) return;
    if (const std::string& risk = directory_->risk(); !risk.empty()) observe::warning(risk);
    if (!settings.signingKey.empty()) directory_->signingKey().set(settings.signingKey);
    database_.version();  // so that an error appears at start-up
    store::emptyHeld(*directory_);
    deletions_->deleteRevivedUsers();
    uploads_->removeAbandoned();
    access_.loadInBackground();
  }

  Users& users() override { return *users_; }
  Sessions& sessions() override { return *sessions_; }
  Tokens& tokens() override { return *tokens_; }
  Videos& videos() override { return *videos_; }
  Renditions& renditions() override { return *renditions_; }
  LocalUploads& uploads() override { return *uploads_; }
  Subtitles& subtitles() override { return *subtitles_; }
  Shares& shares() override { return *shares_; }
  LocalComments& comments() override { return *comments_; }
  Views& views() override { return *views_; }
  Reports& reports() override { return *reports_; }
  Contents& contents() override { return *contents_; }
  Deletions& deletions() override { return *deletions_; }
  Exports& exports() override { return *exports_; }
  LocalTasks& tasks() override { return *tasks_; }
  LocalServer& server() override { return *server_; }
  DataImport& dataImport() override { return *dataImport_; }

  std::uint64_t dataVersion() const override { return database_.version(); }

  observe::LoggedCaller callerOf(const Credential& by) noexcept override { return access_.describe(by); }

  std::string whyNotReady() override { return database_.whyNotReady(); }

  void runWithRoom(const std::function<void()>& work) override { directory_->reserve().runWithRoom(work); }

  bool isDiskLow() override { return directory_->freeSpace() < freeSpaceFloor_; }

  std::size_t damagedContents() override { return videos_->damagedContents(); }

  std::vector<std::string> degraded() override {
    std::vector<std::string> parts;
    if (isDiskLow()) parts.emplace_back("disk");
    if (damagedContents() > 0) parts.emplace_back("contents");
    if (purgeClock_.isHeld()) parts.emplace_back("clock");
    return parts;
  }

  DataFigures figures() override {
    return {database_.counters(), database_.logSize(), directory_->freeSpace(), freeSpaceFloor_, access_.cacheCounts()};
  }

  std::vector<std::string> statements() const override { return database_.statements(); }

 private:
  std::uint64_t freeSpaceFloor_;
  std::shared_ptr<store::DataDirectory> directory_;
  store::Database database_;
  store::Blobs blobs_;
  store::PurgeClock purgeClock_;
  access::Access access_;
  std::unique_ptr<Users> users_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<LocalVideos> videos_;
  std::unique_ptr<LocalRenditions> renditions_;
  std::unique_ptr<LocalUploads> uploads_;
  std::unique_ptr<Subtitles> subtitles_;
  std::unique_ptr<Shares> shares_;
  std::unique_ptr<LocalComments> comments_;
  std::unique_ptr<Views> views_;
  std::unique_ptr<Reports> reports_;
  std::unique_ptr<Contents> contents_;
  std::unique_ptr<LocalDeletions> deletions_;
  std::unique_ptr<LocalExports> exports_;
  std::unique_ptr<LocalTasks> tasks_;
  std::unique_ptr<DataImport> dataImport_;
  std::unique_ptr<LocalServer> server_;
};

}  // namespace

std::unique_ptr<LocalToolkit> openLocal(const Settings& settings, std::string_view origin, bool migrate) {
  return std::make_unique<DirectoryToolkit>(settings, origin, migrate);
}

std::unique_ptr<Data> openData(const Settings& settings, std::string_view origin) {
  return makeLocalData(settings.dataDirectory, origin, settings.store, settings.deletions.delay);
}

void becomeDataOwner(const Settings& settings) {
  store::DataDirectory::becomeOwner(settings.dataDirectory);
}

}  // namespace video
