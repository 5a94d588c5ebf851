#include "base/clock.hpp"
#include "data/check.hpp"
#include "data/export.hpp"
#include "data/make.hpp"
#include "deletions/rows.hpp"
#include "observe/log.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/schema.hpp"

namespace video {
namespace {

class LocalData : public Data {
 public:
  LocalData(const std::filesystem::path& path, std::string_view origin, const DataOptions& options)
      : path_(path), origin_(origin), options_(options) {}

  DataState init() override {
    const bool stands = std::filesystem::exists(path_ / "video.db");
    store::DataDirectory::create(path_, os::systemFiles(), options_.freeSpaceFloor);
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
          if (progress)
            progress(state.doing, static_cast<std::int64_t>(state.step), static_cast<std::int64_t>(state.steps));
        });
    deleteRevivedUsers(directory);
    return {path_.string(), done.now, done.before};
  }

  void rotateKey() override { open(store::Hold::shared)->signingKey().rotate(); }

  void check(const CheckData& wanted, const std::function<void(const Finding&)>& found,
             const DataProgress& progress) override {
    const auto directory = open(wanted.repair ? store::Hold::exclusive : store::Hold::shared);
    store::requireSchema(directory->databasePath(), store::schemaOf(*directory));
    checkDirectory(directory, wanted, options_.deletionDelay, found, progress);
  }

  void exportTo(const ExportData& wanted, int folder, const std::function<void(const ExportedVideo&)>& each,
                const DataProgress& progress) override {
    exportDirectory(open(store::Hold::shared), wanted, folder, each, progress);
  }

 private:
  std::shared_ptr<store::DataDirectory> open(store::Hold hold) const {
    return store::DataDirectory::open(path_, hold, origin_, options_.lockTimeout);
  }

  // The migration is done, whatever becomes of this; a daemon does it at its start, too.
  static void deleteRevivedUsers(const std::shared_ptr<store::DataDirectory>& directory) try {
    store::Database database(directory, {});
    rows::deleteRevivedUsers(database, systemClock().now());
  } catch (const Error& error) {
    observe::warning("deleted users: cannot be looked up in the database", {{"error", error.what()}});
  }

  std::filesystem::path path_;
  std::string origin_;
  DataOptions options_;
};

}  // namespace

std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    const DataOptions& options) {
  return std::make_unique<LocalData>(path, origin, options);
}

}  // namespace video
