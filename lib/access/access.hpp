#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/rights.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/identity.hpp"
#include "base/ids.hpp"
#include "observe/log.hpp"
#include "store/database.hpp"

namespace video::access {

/// Configuration of accounts, passwords and sessions (`[access]` in videod.toml).
struct AccessOptions {
  bool openRegistration = true;
  std::size_t minPassword = 8;  ///< bytes, for new ones
  std::uint64_t passwordOpslimit = 2;
  std::uint64_t passwordMemlimit = 19ULL << 20;  ///< bytes
  std::size_t passwordParallel = 1;              ///< hashing threads
  std::size_t loginAttempts = 10;                ///< per address, and per name and address, per window
  std::chrono::milliseconds loginWindow{15 * 60'000};
  std::size_t registrationsPerHour = 20;  ///< per address; 0: no limit
  std::size_t commentsPerMinute = 30;     ///< per account; 0: no limit
  std::chrono::milliseconds sessionTtl{30 * 60'000};
  bool slidingSessions = true;
  std::size_t sessionCache = 100'000;
  std::chrono::milliseconds uploadLinkTtl{3'600'000};
};

/// The SHA-256 of a session's or token's secret: what it is kept and looked up by.
using SecretKey = std::array<unsigned char, 32>;

/// Who a credential stands for, as of one moment.
struct Identity {
  enum class Kind { anonymous, session, token, link, operator_ };
  Kind kind = Kind::anonymous;
  UserId user{};           ///< 0 for anonymous, link, and the operator without `as`
  std::string userName{};  ///< empty likewise
  Role role = Role::user;
  Scope scope = Scope::full;      ///< a token's; full otherwise
  std::optional<Time> expires{};  ///< a session's or token's
  SecretKey key{};                ///< a session's or token's
  std::string publicId{};         ///< a session's or token's, which is no secret
  bool isUser() const { return user.value != 0; }
};

/// What a password is worth beside a hash.
struct Verified {
  bool right = false;
  std::string newHash{};  ///< where it is right and its hash cost less than new ones do
};

/// Who waits for a password to be hashed. Whoever waits takes turns by address and by account.
struct Asker {
  std::string_view address{};  ///< client address; empty: not counted by it
  std::string_view account{};  ///< user name, ignoring case; empty: not counted by it
  bool known = false;          ///< has signed in before, or is the operator: goes first
};

/// A new secret, and the hash that its row is found by. Only the hash is stored.
struct NewSecret {
  std::string text;
  std::string hash;
};

/// Makes the secret of a new session: 256 random bits.
NewSecret makeSessionSecret();
/// Makes the secret of a new token, which begins with `vdt_`.
NewSecret makeTokenSecret();
/// Returns the hash of the session or token that `who` came with, as the tables have it; empty if there is none.
std::string hashOf(const Identity& who);

/// Turns credentials into identities, with a cache of sessions and tokens. May be used from any thread; functions that
/// take a Transaction belong inside a write.
class Access {
 public:
  /// `elapsed` measures the waits after failed or too many attempts.
  Access(store::Database& database, const AccessOptions& options, const Clock& clock,
         const Clock& elapsed = bootClock());
  ~Access();

  /// Who `by` is. An unknown, ended or expired secret, or one of a disabled or deleted user: unauthenticated, but
  /// anonymous where it came as a cookie. A link is taken as it is (`checkUploadLink` says what it is good for).
  /// Extends a sliding session, at most once a minute.
  Identity identify(const Credential& by);
  /// The same inside a write, from the rows alone: what an operation that changes something must stand on.
  Identity identify(store::Transaction& transaction, const Credential& by);

  /// Describes who `by` is, for the log. A secret that identifies nobody, or cannot be looked up, is left out.
  observe::LoggedCaller describe(const Credential& by) noexcept;

  /// Hashes a new password (argon2id) on the hashing threads, for `who` at `address` (empty: not counted by it). Throws
  /// malformed (too short, over 1024 bytes), tooMany.
  std::string hashPassword(const Identity& who, std::string_view address, std::string_view password);
  /// The same for a new account. Unless `who` may add any user, the registration counts against those of the address.
  std::string hashRegistration(const Identity& who, std::string_view address, std::string_view password);
  /// Counts a comment of `who`, except the operator's. Throws tooMany.
  void countComment(const Identity& who);
  /// Whether `password` is the one of `hash`; with an empty hash takes as long and says no. A try at the password of
  /// `name` from `address` (empty: not counted by it). Throws malformed, tooMany (too many tries, or callers).
  Verified verifyPassword(std::string_view name, std::string_view address, std::string_view hash,
                          std::string_view password);

  /// Whose things are meant: those of the user named `name`, whom `of` must allow (else forbidden, notFound); else
  /// everybody's, which is nobody in particular, where `all` allows it, and one's own where not.
  std::optional<UserId> whose(store::Reader& reader, const Identity& who, const std::optional<std::string>& name,
                              const Right& of, const Right& all);

  /// Removes at most the given number of sessions or tokens, of one user or of all; returns how many.
  using RemoveSome =
      std::function<std::int64_t(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit)>;
  /// Revokes sessions or tokens of the user named `name`, or as `whose` has it without a name, in steps, so that the
  /// writer is never held long. The caller needs `own`, and what `whose` asks for. Call it outside a write. Throws
  /// unauthenticated, forbidden, notFound.
  void revokeAll(const Credential& by, const std::optional<std::string>& name, const Right& own, const Right& of,
                 const Right& all, const RemoveSome& remove);

  /// `?share=&exp=&sig=` for uploading to a video, good for uploadLinkTtl.
  std::string uploadLink(const VideoId& video);
  /// `?share=&exp=&sig=` of a share, for `what` (view, upload).
  std::string link(std::string_view share, const VideoId& video, std::string_view what, Time expires);
  /// Throws forbidden unless `link` was signed for this; whether its share still stands is for the caller to look up.
  void checkLink(const SignedLink& link, const VideoId& video, std::string_view what);

  /// Fills the cache from the database, in the background; what is asked for meanwhile is looked up.
  void loadInBackground();
  /// The same at once; how many sessions and tokens it holds then.
  std::size_t load();

  const AccessOptions& options() const;
  Time now() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace video::access
