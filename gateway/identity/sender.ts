// Where a token is sent from: what the connection says, not the token.

/** The sender of a token, asked about only where that matters. */
export type Sender = {
  /** The address that it comes from, behind trusted proxies. */
  address(): string;
  /** Thumbprint of the client certificate that its connection showed and that was verified; null: there is none. */
  certificate(): string | null;
};
