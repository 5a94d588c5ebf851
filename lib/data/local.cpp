#include "base/clock.hpp"
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
  LocalData(const std::filesystem::path& path, std::string_view origin, std::chrono::milliseconds lockTimeout,
            std::uint64_t freeSpaceFloor)
      : path_(path), origin_(origin), lockTimeout_(lockTimeout), freeSpaceFloor_(freeSpaceFloor) {}

  DataState init() override {
    const bool stands = std::filesystem::exists(path_ / "video.db");
    store::DataDirectory::create(path_, os::systemFiles(), freeSpaceFloor_);
    const auto directory = store::DataDirectory::open(path_, store::Hold::shared, origin_, lockTimeout_);
    if (const std::string& risk = directory->risk(); !risk.empty()) observe::warning(risk);
    const std::int64_t schema = store::schemaOf(*directory);
    if (schema > store::latestSchema()) store::requireSchema(directory->databasePath(), schema);
    return {path_.string(), schema, stands ? schema : 0};
  }

  DataState migrate() override {
    const auto directory = store::DataDirectory::open(path_, store::Hold::exclusive, origin_, lockTimeout_);
    const store::Migrated done = store::migrate(*directory);
    deleteRevivedUsers(directory);
    return {path_.string(), done.now, done.before};
  }

  void rotateKey() override {
    store::DataDirectory::open(path_, store::Hold::shared, origin_, lockTimeout_)->signingKey().rotate();
  }

 private:
  // The migration is done, whatever becomes of this; a daemon does it at its start, too.
  static void deleteRevivedUsers(const std::shared_ptr<store::DataDirectory>& directory) try {
    store::Database database(directory, {});
    rows::deleteRevivedUsers(database, systemClock().now());
  } catch (const Error& error) {
    observe::warning("deleted users: cannot be looked up in the database", {{"error", error.what()}});
  }

  std::filesystem::path path_;
  std::string origin_;
  std::chrono::milliseconds lockTimeout_;
  std::uint64_t freeSpaceFloor_;
};

}  // namespace

std::unique_ptr<Data> makeLocalData(const std::filesystem::path& path, std::string_view origin,
                                    std::chrono::milliseconds lockTimeout, std::uint64_t freeSpaceFloor) {
  return std::make_unique<LocalData>(path, origin, lockTimeout, freeSpaceFloor);
}

}  // namespace video
