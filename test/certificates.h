#pragma once

#include <stdexcept>
#include <string>

#include "base/file.h"
#include "base/process.h"

namespace weft::test {

/// A CA, a certificate of a server on loopback and one of a client, as PEM files in a folder. Made by openssl(1).
struct Certificates {
  explicit Certificates(const std::string& folder)
      : ca(folder + "/ca.pem"),
        cert(folder + "/server.pem"),
        key(folder + "/server-key.pem"),
        client_cert(folder + "/client.pem"),
        client_key(folder + "/client-key.pem") {
    const std::string ca_key = folder + "/ca-key.pem";
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=weft test CA", "-keyout", ca_key, "-out", ca});
    sign(folder, ca_key, "server",
         "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n");
    sign(folder, ca_key, "client", "extendedKeyUsage=clientAuth\n");
  }

  std::string ca, cert, key, client_cert, client_key;

 private:
  void sign(const std::string& folder, const std::string& ca_key, const std::string& name,
            const std::string& extensions) {
    const std::string base = folder + "/" + name;
    if (!write_file_atomic(base + ".ext", extensions)) throw std::runtime_error("write " + base + ".ext");
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
             "-keyout", base + "-key.pem", "-out", base + ".csr"});
    openssl({"x509", "-req", "-in", base + ".csr", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
             "-extfile", base + ".ext", "-out", base + ".pem"});
  }
  static void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto done = run_ok(std::move(arguments));
    if (!done) throw std::runtime_error(done.error().message);
  }
};

}  // namespace weft::test
