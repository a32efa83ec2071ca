/** The cluster's authority, as far as it signs for clients of the API. */
export interface ClientCertificateSigner {
  /**
   * Certifies the key of a request (PEM) for the subject that the request names. Answers PEM.
   * Throws `Fault('invalid')` when the request cannot be read or is not signed by its own key.
   */
  sign(order: { readonly requestPem: string; readonly lifetimeSeconds: number }): Promise<string>
}
