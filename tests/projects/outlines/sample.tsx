import { h } from "preact";
type Props = { name: string };
export const Hello = ({ name }: Props) => <Frame title={name}><Line /></Frame>;
