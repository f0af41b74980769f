#include "signing/crypto/rsa.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <optional>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr int min_bits = 2048;

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using MdContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

EVP_PKEY* evp(const std::shared_ptr<void>& key) noexcept {
  return static_cast<EVP_PKEY*>(key.get());
}
std::shared_ptr<void> share(EVP_PKEY* key) {
  return {key, [](void* pkey) { EVP_PKEY_free(static_cast<EVP_PKEY*>(pkey)); }};
}
const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error bad_key(std::string_view why) {
  ERR_clear_error();
  return credentials_error(
      fmt::format("expected an unencrypted RSA private key (PEM, PKCS#8), but {}", why));
}

// Turns the two characters \n, as in a key pasted from JSON, into a line break.
std::string unescape_line_breaks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r')) {
      out += '\n';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view without_quotes(std::string_view text) noexcept {
  text = trim(text);
  while (text.size() >= 2 && text.front() == text.back() &&
         (text.front() == '"' || text.front() == '\'')) {
    text = trim(text.substr(1, text.size() - 2));
  }
  return text;
}

// RFC 7468, read leniently. `label` is "" if there is no armour and the text is only base64.
struct Armour {
  std::string label{};
  std::string_view content{};
};

std::optional<Armour> open_armour(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ";
  const auto start = text.find(begin);
  if (start == std::string_view::npos) return Armour{.content = text};
  text.remove_prefix(start + begin.size());
  const auto label_end = text.find("-----");
  if (label_end == std::string_view::npos) return std::nullopt;
  Armour armour{.label = std::string(text.substr(0, label_end))};
  text.remove_prefix(label_end + 5);
  armour.content = text.substr(0, text.find("-----END"));
  return armour;
}

std::optional<std::string> decode_content(std::string_view content) {
  std::string packed;
  for (const char c : content) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') packed += c;
  }
  auto der = base64_decode(packed);
  const Secret wiped(std::move(packed));
  if (der && der->empty()) return std::nullopt;
  return der;
}

// What a file with this label is, if it is not what was asked for; "" if it may be right.
std::string_view objection(std::string_view label, std::string_view content) noexcept {
  if (label == "ENCRYPTED PRIVATE KEY" || content.find("ENCRYPTED") != std::string_view::npos)
    return "this key is encrypted with a password; decrypt it first";
  if (label == "EC PRIVATE KEY") return "this is an EC key";
  if (label == "OPENSSH PRIVATE KEY") return "this is an OpenSSH key";
  if (label == "PUBLIC KEY" || label == "RSA PUBLIC KEY") return "this is only a public key";
  if (label == "CERTIFICATE") return "this is a certificate";
  if (!label.empty() && label != "PRIVATE KEY" && label != "RSA PRIVATE KEY")
    return "this is another kind of PEM";
  return "";
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

enum class Padding { pkcs1, pss };

bool pad(EVP_PKEY_CTX* context, Padding padding) {
  if (padding == Padding::pkcs1) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool verify(EVP_PKEY* key, Padding padding, std::string_view message, std::string_view signature) {
  const MdContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* details = nullptr;  // the context's own
  const bool good =
      EVP_DigestVerifyInit(context.get(), &details, EVP_sha256(), nullptr, key) == 1 &&
      pad(details, padding) &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

Result<std::string> sign(EVP_PKEY* key, Padding padding, std::string_view message) {
  const MdContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* details = nullptr;
  std::string signature(static_cast<std::size_t>(EVP_PKEY_size(key)), '\0');
  std::size_t size = signature.size();
  const bool good =
      EVP_DigestSignInit(context.get(), &details, EVP_sha256(), nullptr, key) == 1 &&
      pad(details, padding) &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(message), message.size()) == 1;
  if (!good) return bad_key("signing with this one failed");
  signature.resize(size);
  return signature;
}

}  // namespace

Result<RsaPublicKey> RsaPublicKey::parse(std::string_view pem) {
  const std::string text = unescape_line_breaks(without_quotes(pem));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all);
  // Without it, OpenSSL asks on the terminal what an encrypted text is to be opened with.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Pkey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr), EVP_PKEY_free);
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) {
    ERR_clear_error();
    return credentials_error("expected an RSA public key (PEM, \"BEGIN PUBLIC KEY\")");
  }
  return RsaPublicKey(share(key.release()));
}

std::string RsaPublicKey::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free_all);
  PEM_write_bio_PUBKEY(bio.get(), evp(key_));
  return drain(bio.get());
}

bool RsaPublicKey::verify_rs256(std::string_view message, std::string_view signature) const {
  return verify(evp(key_), Padding::pkcs1, message, signature);
}

bool RsaPublicKey::verify_ps256(std::string_view message, std::string_view signature) const {
  return verify(evp(key_), Padding::pss, message, signature);
}

Result<RsaPrivateKey> RsaPrivateKey::parse(std::string_view pem) {
  const Secret text(unescape_line_breaks(without_quotes(pem)));
  if (text.empty()) return bad_key("the text is empty");
  const auto armour = open_armour(text.reveal());
  if (!armour) return bad_key("the BEGIN line is broken off");
  const std::string_view wrong = objection(armour->label, armour->content);
  if (!wrong.empty()) return bad_key(wrong);
  auto content = decode_content(armour->content);
  if (!content) return bad_key("what stands between BEGIN and END is not base64");
  const Secret der(*std::move(content));
  const unsigned char* cursor = bytes_of(der.reveal());
  // Finds out by itself whether it is PKCS#8 or PKCS#1.
  Pkey key(d2i_AutoPrivateKey(nullptr, &cursor, static_cast<long>(der.reveal().size())),
           EVP_PKEY_free);
  if (!key) return bad_key("its content is damaged or of an unknown kind");
  if (EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return bad_key("this key is not an RSA key");
  const int bits = EVP_PKEY_bits(key.get());
  if (bits < min_bits)
    return bad_key(fmt::format("this one has {} bits, fewer than {}", bits, min_bits));
  return RsaPrivateKey(share(key.release()));
}

Result<RsaPrivateKey> RsaPrivateKey::generate(int bits) {
  if (bits < min_bits) return bad_key(fmt::format("{} bits were asked for", bits));
  Pkey key(EVP_RSA_gen(static_cast<unsigned>(bits)), EVP_PKEY_free);
  if (!key) return bad_key("generating one failed");
  return RsaPrivateKey(share(key.release()));
}

Secret RsaPrivateKey::pem() const {
  // BIO_s_secmem wipes what it held when it is freed.
  const Bio bio(BIO_new(BIO_s_secmem()), BIO_free_all);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), evp(key_), nullptr, nullptr, 0, nullptr, nullptr);
  return Secret(drain(bio.get()));
}

Result<std::string> RsaPrivateKey::sign_rs256(std::string_view message) const {
  return sign(evp(key_), Padding::pkcs1, message);
}

Result<std::string> RsaPrivateKey::sign_ps256(std::string_view message) const {
  return sign(evp(key_), Padding::pss, message);
}

}  // namespace ek
