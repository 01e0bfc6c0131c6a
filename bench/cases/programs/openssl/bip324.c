/*
 * The cost of BIP 324's primitives with OpenSSL called from C: the limit that bench/cases/programs/p2p-v2.mjs compares with.
 *
 *   bip324 seal|open BYTES MILLISECONDS     packets of so many bytes of contents, always in the same buffers
 *   bip324 multiply 0 MILLISECONDS          pairs of scalar multiplications, as one side of a handshake needs
 *
 * Prints how many it does per second of its own CPU time.
 */

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 12, IV_BYTES = 16, TAG_BYTES = 16, LENGTH_BYTES = 3 };

static double CpuSeconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void Require(bool condition, const char* what)
{
    if (condition) return;
    fprintf(stderr, "bip324: %s\n", what);
    exit(1);
}

/** Contexts that are set up once; a packet changes only the nonce. */
struct Ciphers {
    EVP_CIPHER_CTX* length;
    EVP_CIPHER_CTX* packet;
};

static struct Ciphers MakeCiphers(bool seal)
{
    static const unsigned char key[KEY_BYTES] = {1};
    static const unsigned char iv[IV_BYTES] = {2};
    struct Ciphers ciphers = {EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_new()};
    Require(EVP_CipherInit_ex(ciphers.length, EVP_chacha20(), NULL, key, iv, 1) == 1, "chacha20");
    Require(EVP_CipherInit_ex(ciphers.packet, EVP_chacha20_poly1305(), NULL, key, iv, seal) == 1, "chacha20-poly1305");
    return ciphers;
}

static void Packet(struct Ciphers* ciphers, bool seal, unsigned index, const unsigned char* in, unsigned char* out, int bytes)
{
    unsigned char nonce[NONCE_BYTES] = {0};
    unsigned char tag[TAG_BYTES] = {0};
    int written;
    memcpy(nonce, &index, sizeof index);
    EVP_CipherUpdate(ciphers->length, out, &written, in, LENGTH_BYTES);
    EVP_CipherInit_ex(ciphers->packet, NULL, NULL, NULL, nonce, -1);
    if (!seal) EVP_CIPHER_CTX_ctrl(ciphers->packet, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag);
    EVP_CipherUpdate(ciphers->packet, out, &written, in, bytes);
    EVP_CipherFinal_ex(ciphers->packet, out + written, &written); /* Opening noise fails here, at the same cost. */
    if (seal) EVP_CIPHER_CTX_ctrl(ciphers->packet, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag);
}

int main(int argc, char** argv)
{
    Require(argc == 4, "usage: bip324 seal|open|multiply BYTES MILLISECONDS");
    const bool multiplies = strcmp(argv[1], "multiply") == 0;
    const bool seal = strcmp(argv[1], "seal") == 0;
    const int text_bytes = atoi(argv[2]) + 1; /* The header byte. */
    const double seconds = atof(argv[3]) / 1e3;

    unsigned char* in = calloc(1, (size_t)text_bytes + LENGTH_BYTES);
    unsigned char* out = calloc(1, (size_t)text_bytes + TAG_BYTES + LENGTH_BYTES);
    struct Ciphers ciphers = MakeCiphers(seal);
    EC_GROUP* group = EC_GROUP_new_by_curve_name(NID_secp256k1);
    EC_POINT* point = EC_POINT_new(group);
    BIGNUM* scalar = BN_new();
    Require(BN_rand_range(scalar, EC_GROUP_get0_order(group)) == 1, "random scalar");

    const unsigned batch = multiplies ? 1 : 1 + 1000000 / (unsigned)(text_bytes + 100);
    unsigned count = 0;
    double elapsed = 0;
    for (const double began = CpuSeconds(); elapsed < seconds; elapsed = CpuSeconds() - began) {
        for (unsigned i = 0; i < batch; ++i, ++count) {
            if (multiplies) {
                EC_POINT_mul(group, point, scalar, NULL, NULL, NULL);
                EC_POINT_mul(group, point, NULL, point, scalar, NULL);
            } else {
                Packet(&ciphers, seal, count, in, out, text_bytes);
            }
        }
    }
    printf("%.3f\n", count / elapsed);

    BN_free(scalar);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    EVP_CIPHER_CTX_free(ciphers.length);
    EVP_CIPHER_CTX_free(ciphers.packet);
    free(in);
    free(out);
    return 0;
}
