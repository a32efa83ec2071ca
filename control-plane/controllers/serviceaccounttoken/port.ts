/** Makes tokens that live as long as the Secret they stand in. */
export interface SecretTokenSigner {
  signForSecret(subject: { readonly namespace: string; readonly serviceAccount: { readonly name: string; readonly uid: string }; readonly secretName: string }): Promise<string>
}
