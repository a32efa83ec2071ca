/** Where the descriptions of the API's types lie; the build puts them beside the program. */
export const descriptionFile = new URL('../../../shared/model/gen/descriptions.json', import.meta.url)
