#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes certificate.pem, certificate and key of the test server: good for this machine's own names alone.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout key.pem -out certificate.pem
cat key.pem >>certificate.pem
rm key.pem
