/**
 * Certificates for servers of tests, good ones and bad ones, made where they are used: X.509 (RFC 5280) as far as TLS asks for it.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  /** Both as PEM. */
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** IPv4 addresses and names that it is for. Default 127.0.0.1. */
  hosts?: readonly string[];
  /** Who signs it. Default: it itself. */
  issuer?: Certificate;
  /** It may sign others. */
  isAuthority?: boolean;
  /** Days from now. Default 1. */
  endsIn?: number;
  /** Days from now. Default -2. */
  beginsIn?: number;
}

const day = 86_400_000;

export function certificate(name: string, options: CertificateOptions = {}): Certificate {
  const { hosts = ['127.0.0.1'], issuer, isAuthority = false, endsIn = 1, beginsIn = -2 } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const alternatives = extension('551d11', false, sequence(...hosts.map(hostOf)));
  const constraints = extension('551d13', true, sequence(...(isAuthority ? [tlv(0x01, Buffer.of(0xff))] : [])));
  const told = sequence(
    tlv(0xa0, integer(2)),
    integer(1 + Math.floor(Math.random() * 2 ** 31)),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence(timeOf(beginsIn), timeOf(endsIn)),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    tlv(0xa3, sequence(constraints, alternatives)),
  );
  const signature = sign('sha256', told, issuer?.privateKey ?? privateKey);
  const der = sequence(told, ecdsaWithSha256, tlv(0x03, Buffer.of(0), signature));
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return {
    name,
    privateKey,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), body]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function identifier(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  let from = 0;
  while (from < 4 && bytes[from] === 0 && bytes[from + 1]! < 0x80) from += 1;
  return tlv(0x02, bytes.subarray(from));
}

function nameOf(name: string): Buffer {
  return sequence(tlv(0x31, sequence(identifier('550403'), tlv(0x0c, Buffer.from(name)))));
}

function timeOf(days: number): Buffer {
  const time = new Date(Date.now() + days * day).toISOString();
  return tlv(0x17, Buffer.from(`${time.slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));
}

function hostOf(host: string): Buffer {
  const isAddress = /^[\d.]+$/.test(host);
  return isAddress ? tlv(0x87, Buffer.from(host.split('.').map(Number))) : tlv(0x82, Buffer.from(host));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(identifier(id), ...(isCritical ? [tlv(0x01, Buffer.of(0xff))] : []), tlv(0x04, value));
}
